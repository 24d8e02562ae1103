"""Two levels of a score, off and on, adapted to each person without annotations.

People differ in how far a behaviour moves a score. Off- and on-levels of the training people give Gaussian priors; a person's
own levels are their posterior mode given the scores, by expectation maximisation (maximum a posteriori adaptation: Gauvain &
Lee 1994, IEEE Transactions on Speech and Audio Processing 2).
"""

from dataclasses import astuple, dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

STEPS = 15
# Neighbouring frames repeat each other: a frame counts as this part of an independent one.
FRAME_WEIGHT = 0.05
# The on-level is at least this far above the off-level, in log-odds.
LEAST_RISE = 0.5


@dataclass(frozen=True)
class LevelPrior:
    """Mean and variance over people of the off-level and of the rise to the on-level, variances within, share of on."""

    off: float
    off_variance: float
    rise: float
    rise_variance: float
    within_off: float
    within_on: float
    share: float

    def array(self) -> np.ndarray:
        """Return the numbers in order: (7,)."""
        return np.array(astuple(self))


def fit_prior(scores: list[np.ndarray], active: list[np.ndarray]) -> LevelPrior | None:
    """Return the prior of people's scores (frames,) and soft annotations (frames,) in [0, 1]; None from under two people."""
    off, rise, within_off, within_on = [], [], [], []
    for score, on in zip(scores, active, strict=True):
        n_off, n_on = (1 - on).sum(), on.sum()
        level = (score * (1 - on)).sum() / n_off if n_off >= 5 else np.nan
        raised = (score * on).sum() / n_on if n_on >= 4 else np.nan
        if np.isfinite(level):
            off.append((level, min(n_off, 150)))
            within_off.append((((score - level) ** 2 * (1 - on)).sum(), n_off))
        if np.isfinite(raised):
            within_on.append((((score - raised) ** 2 * on).sum(), n_on))
        if np.isfinite(level + raised):
            rise.append((raised - level, min(n_on, 60)))
    if len(rise) < 2:
        return None
    (off_mean, off_variance), (rise_mean, rise_variance) = _moments(off), _moments(rise)
    off_spread, on_spread = (float(np.divide(*np.sum(part, 0))) + 0.05 for part in (within_off, within_on))
    frames = sum(map(len, active))
    return LevelPrior(
        off_mean,
        off_variance + 0.05,
        rise_mean,
        rise_variance + 0.1,
        off_spread,
        on_spread,
        (float(sum(on.sum() for on in active)) + 5) / (frames + 50),
    )


def adapted(score: np.ndarray, prior: LevelPrior) -> np.ndarray:
    """Return the score (frames,) with 0 halfway between the person's own levels and 4 units between them."""
    off, rise = prior.off, prior.rise
    for _ in range(STEPS):
        fit_off = -0.5 * (score - off) ** 2 / prior.within_off - 0.5 * np.log(prior.within_off)
        fit_on = -0.5 * (score - off - rise) ** 2 / prior.within_on - 0.5 * np.log(prior.within_on)
        odds = np.clip(fit_on - fit_off, -20, 20)
        # beyond the levels the nearer one is meant, whatever the variances
        odds = np.where(score < off, np.minimum(odds, -1), odds)
        odds = np.where(score > off + rise, np.maximum(odds, 0), odds)
        odds = uniform_filter1d(odds, 7, mode="nearest") + np.log(prior.share / (1 - prior.share))
        on = FRAME_WEIGHT / (1 + np.exp(-odds)) / prior.within_on
        rest = FRAME_WEIGHT / (1 + np.exp(odds)) / prior.within_off
        precision = np.array(
            [[1 / prior.off_variance + rest.sum() + on.sum(), on.sum()], [on.sum(), 1 / prior.rise_variance + on.sum()]]
        )
        pull = np.array(
            [
                prior.off / prior.off_variance + ((rest + on) * score).sum(),
                prior.rise / prior.rise_variance + (on * score).sum(),
            ]
        )
        new_off, new_rise = np.linalg.solve(precision, pull)
        new_rise = max(new_rise, LEAST_RISE)
        moved = max(abs(new_off - off), abs(new_rise - rise))
        off, rise = new_off, new_rise
        if moved < 1e-3:
            break
    return (score - off - rise / 2) / rise * 4


def _moments(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    values, weights = np.array(pairs).T
    mean = np.average(values, weights=weights)
    return float(mean), float(np.average((values - mean) ** 2, weights=weights))
