"""The measured channel: how perception distorts facial actions, estimated from footage of real people between their events.

What can be estimated without knowing the true actions: how people at rest differ, how far coefficients drift and jitter while
nothing is coded, how head rotation leaks into them (cross-talk), how the expression classifier follows them, and how often
faces and hands are lost. The gain by person, the delay and the tremor of a movement cannot, and are assumed
(``script_parameters.csv``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import BLENDSHAPES
from kinesics.synthetic.measured_person import MeasuredPerson
from kinesics.synthetic.script_parameters import PARAMETERS

#: Log-odds of coefficients are taken within these.
LEAST = 1e-4
# Ridge of the regressions on standardised columns, in frames; width in seconds that separates jitter from drift.
_RIDGE, _JITTER_S = 20.0, 0.5
_UNIT_DEG = 30.0
#: Which coefficients are of the mouth or jaw: (52,).
MOUTH = np.array([name.startswith(("mouth", "jaw")) for name in BLENDSHAPES])


@dataclass(frozen=True)
class Channel:
    """An estimated channel of 52 coefficients, in log-odds.

    ``rest`` (people, 52) and ``expressions_at_rest`` (people, 7; log-probabilities) of real people; ``drift`` (52,) standard
    deviation of slow changes; ``jitter`` (52, 52) factor of the covariance of fast ones; ``leak`` (4, 52) of yaw, its size,
    pitch and roll in units of 30 degrees; ``coupling`` (52, 7) of coefficients with the log-probabilities; ``lost`` and
    ``hand_lost``, the shares of frames in which a face, or a hand that acts, is not found; ``gain``, standard deviation of
    the logarithm of the gain by person, the longest ``delay_s``, and ``tremor``, what the channel does to a movement itself
    (standard deviation, as a share of it).
    """

    rest: np.ndarray
    expressions_at_rest: np.ndarray
    drift: np.ndarray
    jitter: np.ndarray
    leak: np.ndarray
    coupling: np.ndarray
    lost: float
    hand_lost: float
    gain: float = PARAMETERS["gain"]
    delay_s: float = PARAMETERS["delay"]
    tremor: float = PARAMETERS["tremor"]

    @property
    def usual_expressions(self) -> np.ndarray:
        """The probabilities (7,) of the expressions of somebody in the middle of the people."""
        shares = np.exp(np.median(self.expressions_at_rest, 0))
        return shares / shares.sum()

    def ideal(self) -> "Channel":
        """Return the channel without distortion: the classifier follows the coefficients, all else is as scripted."""
        none = {name: np.zeros_like(getattr(self, name)) for name in ("drift", "jitter", "leak")}
        return replace(self, **none, lost=0.0, hand_lost=0.0, gain=0.0, delay_s=0.0, tremor=0.0)


def measure_channel(people: Sequence[tuple[MeasuredPerson, np.ndarray, np.ndarray]]) -> Channel:
    """Return the channel of people, each with the frames without events and those in which a hand acts: bool (frames,).

    Raises KinesicsError if no one is seen for a second between events.
    """
    rest, mood, slow, fast, turned, follows, classified, lost, hands = [], [], [], [], [], [], [], [], []
    for person, quiet, acting in people:
        odds = log_odds(person.arrays["blendshapes"])
        seen = np.isfinite(odds).all(1) & np.isfinite(person.arrays["head_matrix"]).all((1, 2))
        hands.append(_hand_found(person)[acting])
        if seen.any():
            lost.append(1 - seen[quiet].mean() if quiet.any() and seen.mean() > 0.5 else 0.0)
        rows = np.flatnonzero(quiet & seen)
        if len(rows) < person.rate_hz:
            continue
        own = odds[rows]
        centre = np.median(own, 0)
        rest.append(centre)
        smoothed = uniform_filter1d(own, max(round(_JITTER_S * person.rate_hz), 2), axis=0, mode="nearest")
        slow.append(smoothed - centre)
        fast.append(own - smoothed)
        angles = head_angles(person.arrays["head_matrix"][rows])
        turned.append(leak_inputs(angles - np.median(angles, 0)))
        known = np.isfinite(person.expressions).all(1) & seen
        if known.any():
            shown = person.arrays["blendshapes"][known]
            logs = np.log(np.clip(person.expressions[known], 1e-3, 1))
            mood.append(np.median(logs, 0))
            follows.append(shown - np.median(shown, 0))
            classified.append(logs - mood[-1])
    if not rest or not mood:
        raise KinesicsError("the channel cannot be measured: nobody is seen for a second between events")
    deviations, residuals = np.concatenate(slow), np.concatenate(fast)
    inputs = np.concatenate(turned)
    covariance = np.cov(residuals.T) + 1e-6 * np.eye(len(BLENDSHAPES))
    acted = np.concatenate(hands) if hands else np.zeros(0)
    return Channel(
        np.array(rest),
        np.array(mood),
        deviations.std(0),
        np.linalg.cholesky(covariance),
        _ridge(inputs, deviations),
        _ridge(np.concatenate(follows), np.concatenate(classified)),
        float(np.mean(lost)),
        float(1 - acted.mean()) if len(acted) else 0.0,
    )


def log_odds(coefficients: np.ndarray) -> np.ndarray:
    """Return the log-odds of coefficients, within ``LEAST``."""
    p = np.clip(np.asarray(coefficients, float), LEAST, 1 - LEAST)
    return np.log(p / (1 - p))


def head_angles(matrix: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll in degrees of head matrices (N, 4, 4): (N, 3)."""
    axes = matrix[:, :3, :3] / np.linalg.norm(matrix[:, :3, 0], axis=1)[:, None, None]
    ahead = axes[:, :, 2]
    yaw = np.arctan2(ahead[:, 0], ahead[:, 2])
    pitch = np.arctan2(ahead[:, 1], np.hypot(ahead[:, 0], ahead[:, 2]))
    return np.degrees(np.stack([yaw, pitch, np.arctan2(axes[:, 1, 0], axes[:, 1, 1])], 1))


def leak_inputs(angles: np.ndarray) -> np.ndarray:
    """Return what leaks into coefficients of angles (N, 3) away from the usual, degrees: (N, 4)."""
    yaw, pitch, roll = angles.T / _UNIT_DEG
    return np.stack([yaw, np.abs(yaw), pitch, roll], 1)


@dataclass(frozen=True)
class Movement:
    """What a person does more than the host.

    ``actions`` (frames, 52) are added to the coefficients, ``angles`` (frames, 3) what the head turns, in degrees, and
    ``articulation`` (frames,) how much more than at rest all of the mouth moves in log-odds, in units of its jitter.
    """

    actions: np.ndarray
    angles: np.ndarray
    articulation: np.ndarray


def perceive(person: MeasuredPerson, movement: Movement, channel: Channel, rng: np.random.Generator) -> MeasuredPerson:
    """Return a copy of a person whose coefficients and expressions have changed as the channel shows a movement.

    Scripted speech moves a few coefficients; perception lets all of the mouth follow, with the covariance of their jitter.
    """
    actions, angles = movement.actions, movement.angles
    out = person.copy()
    late = rng.uniform(0, channel.delay_s) * person.rate_hz
    grid = np.arange(person.frames)
    shown = np.stack([np.interp(grid - late, grid, column) for column in actions.T], 1)
    gain = np.exp(channel.gain * (rng.normal() + rng.normal(size=shown.shape[1])) / 2**0.5)
    tremor = uniform_filter1d(rng.normal(size=shown.shape), 3, axis=0, mode="nearest") * 3**0.5
    shown = shown * gain * (1 + channel.tremor * tremor)
    odds = log_odds(out.arrays["blendshapes"]) + leak_inputs(angles) @ channel.leak
    stirred = rng.normal(size=shown.shape) @ channel.jitter.T * MOUTH
    odds += movement.articulation[:, None] * stirred
    moved = np.clip(1 / (1 + np.exp(-odds)) + shown, 0, 1)
    touched = (np.abs(shown) > 1e-6).any(1) | (np.abs(angles) > 1e-6).any(1) | (movement.articulation > 0)
    out.arrays["blendshapes"][touched] = moved[touched]
    change = np.where(np.isfinite(shown), shown, 0) @ channel.coupling
    logs = np.log(np.clip(out.expressions, 1e-3, 1)) + change
    shares = np.exp(logs - logs.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    out.expressions[touched] = shares[touched]
    return out


def resting_noise(
    person: MeasuredPerson, channel: Channel, rng: np.random.Generator, drift_s: float = 2.0
) -> MeasuredPerson:
    """Return a copy whose coefficients are those of a drawn real person at rest, with drift and jitter.

    In stretches of a second the face is not found; ``drift_s`` is the time constant of the drift.
    """
    out = person.copy()
    frames, size = person.frames, len(BLENDSHAPES)
    who = int(rng.integers(len(channel.rest)))
    drift = random_walk(rng, frames, drift_s * person.rate_hz, channel.drift)
    odds = channel.rest[who] + drift + rng.normal(size=(frames, size)) @ channel.jitter.T
    out.arrays["blendshapes"][:] = 1 / (1 + np.exp(-odds))
    logs = channel.expressions_at_rest[int(rng.integers(len(channel.expressions_at_rest)))]
    rest = 1 / (1 + np.exp(-channel.rest[who]))
    logs = (
        logs
        + (out.arrays["blendshapes"] - rest) @ channel.coupling
        + rng.normal(0, PARAMETERS["mood"], (frames, len(logs)))
    )
    shares = np.exp(logs - logs.max(1, keepdims=True))
    out.expressions[:] = shares / shares.sum(1, keepdims=True)
    lost = np.repeat(rng.random(frames // round(person.rate_hz) + 1) < channel.lost, round(person.rate_hz))[:frames]
    for name in ("face", "blendshapes", "head_matrix"):
        out.arrays[name][lost] = np.nan
    out.expressions[lost] = np.nan
    return out


def random_walk(rng: np.random.Generator, frames: int, tau: float, deviation: np.ndarray) -> np.ndarray:
    """Return walks back to 0 with standard deviations (n,) and a time constant in frames: (frames, n)."""
    keep = np.exp(-1 / tau)
    steps = rng.normal(size=(frames, len(deviation))) * deviation
    steps[1:] *= (1 - keep**2) ** 0.5
    return np.asarray(lfilter([1], [1, -keep], steps, axis=0))


def _hand_found(person: MeasuredPerson) -> np.ndarray:
    left, right = (np.isfinite(person.arrays[f"{side}_hand"][:, 0, 0]) for side in ("left", "right"))
    return left | right


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the slopes (D, K) of the ridge regression of ``y`` (N, K) on ``x`` (N, D)."""
    scale = x.std(0) + 1e-3
    z = (x - x.mean(0)) / scale
    return np.linalg.solve(z.T @ z + _RIDGE * np.eye(x.shape[1]), z.T @ (y - y.mean(0))) / scale[:, None]
