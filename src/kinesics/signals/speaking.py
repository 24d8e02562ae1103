"""Say who speaks: the probability of speech in the sound, and the articulation of each person's mouth.

Articulation is how far the distance of the inner lips, in heights of the face, departs from its mean over half a second:
syllables open and close the lips three to eight times a second, a smile once, and who chews keeps them closed. Sound
alone does not say who speaks, and a mouth may move without a word; their product does, and of two mouths that move the one
that moves more has the sound.

The weights are those of a logistic regression on the coded clips; ``kinesics_paper.studies.speaking`` fits them, and
measures them on people left out.
"""

from itertools import pairwise

import numpy as np

from kinesics.signals.cues import CHIN, FOREHEAD, LOWER_LIP, UPPER_LIP
from kinesics.structures.features import Features
from kinesics.structures.timegrid import index, runs, seconds, smooth
from kinesics.structures.tracks import Tracks

#: The audio encoder, whose first number is the probability of speech.
ENCODER = "audio_activity"
#: Sampling rate of the articulation; at less than half of it syllables cannot be followed.
RATE_HZ = 10.0
#: Logistic regression: constant, then the weights of ``_inputs``, with sound and without.
WITH_SOUND = (6.779, 1.872, 2.224, 2.075)
WITHOUT_SOUND = (9.128, 2.141)

_SYLLABLE_S = 0.5  # the mean over which the opening is compared with
_WINDOW_S = 1.1  # over which its deviation is taken
_SPEECH_S = 0.5  # over which the probability of speech is averaged
_STILL = 0.002  # the deviation of a mouth that does not move, in face heights: the noise of the mesh
_SHORT_S = 0.3  # gaps of the face that are interpolated


def speaking(tracks: Tracks, sound: Features | None = None) -> dict[int, np.ndarray]:
    """Return for each person the probability of speaking, (frames,), NaN where it is unknown.

    ``sound`` are the features of ``audio_activity``; without them, and where they are missing, the mouth alone decides. It
    is unknown where there is no face, and in tracks of less than 5 frames a second.
    """
    inputs = speaking_inputs(tracks, sound)
    return {person: _probability(values) for person, values in inputs.items()}


def speaking_inputs(tracks: Tracks, sound: Features | None = None) -> dict[int, np.ndarray]:
    """Return for each person what the probability is computed from, (frames, 3).

    The log of the articulation (NaN without a face), the probability of speech (NaN without sound), and that times the lead
    of the articulation over the others', in (-1, 1).
    """
    moved = {person: np.log(_STILL + articulation(tracks, person)) for person in tracks.persons}
    speech = _speech(tracks, sound)
    inputs = {}
    for person, own in moved.items():
        others = [np.nan_to_num(other, nan=np.log(_STILL)) for number, other in moved.items() if number != person]
        rival = np.max(others, axis=0) if others else np.full(tracks.frames, np.log(_STILL))
        inputs[person] = np.stack([own, speech, speech * np.tanh(own - rival)], 1)
    return inputs


def articulation(tracks: Tracks, person: int) -> np.ndarray:
    """Return the articulation of a person's mouth, (frames,), in heights of the face; NaN where it is unknown."""
    out = np.full(tracks.frames, np.nan)
    if tracks.rate_hz < RATE_HZ / 2 or tracks.frames == 0:
        return out
    points = [UPPER_LIP, LOWER_LIP, FOREHEAD, CHIN]
    mesh = tracks.reduced(person, "face", lambda face: face[:, points].astype(float))
    mesh *= [tracks.width, tracks.height, tracks.width]  # depth is in units of the frame's width
    opening = np.linalg.norm(mesh[:, 0] - mesh[:, 1], axis=1) / np.linalg.norm(mesh[:, 2] - mesh[:, 3], axis=1)
    shot = tracks.dense(person, "shot")
    for begin, end in _stretches(opening, shot, tracks.rate_hz):
        times = seconds(np.arange(begin, end), tracks.rate_hz)
        valid = np.isfinite(opening[begin:end])
        # More frames than RATE_HZ would let the noise of the mesh and other frequencies in.
        width = max(round(tracks.rate_hz / RATE_HZ), 1)
        values = smooth(np.interp(times, times[valid], opening[begin:end][valid]), width)
        grid = np.arange(times[0], times[-1] + 0.5 / RATE_HZ, 1 / RATE_HZ)
        values = np.interp(grid, times, values)
        departure = values - smooth(values, _odd(_SYLLABLE_S))
        out[begin:end] = np.interp(times, grid, np.sqrt(smooth(departure**2, _odd(_WINDOW_S))))
    return np.where(np.isfinite(opening), out, np.nan)


def _stretches(opening: np.ndarray, shot: np.ndarray, rate_hz: float) -> list[tuple[int, int]]:
    """Return the [start, stop) frames of one face in one shot, over short gaps."""
    stretches: list[tuple[int, int]] = []
    for begin, end in runs(np.isfinite(opening)):
        parts = [begin, *(begin + 1 + np.flatnonzero(np.diff(shot[begin:end]))), end]
        for start, stop in pairwise(parts):
            last = stretches[-1] if stretches else None
            if last and start - last[1] <= _SHORT_S * rate_hz and shot[last[1] - 1] == shot[start]:
                stretches[-1] = last[0], int(stop)
            else:
                stretches.append((int(start), int(stop)))
    return stretches


def _speech(tracks: Tracks, sound: Features | None) -> np.ndarray:
    """Return the probability that somebody speaks, (frames,), averaged over ``_SPEECH_S``, NaN without sound."""
    if sound is None or "sound" not in sound.crops or not len(sound.crops["sound"].time_s):
        return np.full(tracks.frames, np.nan)
    rows = sound.crops["sound"]
    grid = np.full(int(index(rows.time_s[-1], sound.rate_hz)) + 1, np.nan)
    grid[index(rows.time_s, sound.rate_hz)] = rows.tokens[:, 0]
    times = index(seconds(np.arange(tracks.frames), tracks.rate_hz), sound.rate_hz)
    averaged = np.append(smooth(grid, max(round(_SPEECH_S * sound.rate_hz), 1) | 1), np.nan)
    return averaged[np.minimum(times, len(grid))]


def _probability(inputs: np.ndarray) -> np.ndarray:
    heard = WITH_SOUND[0] + inputs @ np.array(WITH_SOUND[1:])
    silent = WITHOUT_SOUND[0] + inputs[:, 0] * WITHOUT_SOUND[1]
    return 1 / (1 + np.exp(-np.where(np.isfinite(inputs[:, 1]), heard, silent)))


def _odd(span_s: float) -> int:
    return round(span_s * RATE_HZ) | 1
