"""Measure the calibration of scores, and the concordance of two series of numbers."""

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.matching import ratio

BINS = 10


def score_bins(score: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each score among ``bins`` of equal width over [0, 1]: int (N,). 1 lies in the last.

    Raises KinesicsError if a score is outside [0, 1]: it is no probability, and has no calibration.
    """
    score = np.asarray(score, float)
    if (wrong := score[~((score >= 0) & (score <= 1))]).size:
        raise KinesicsError(f"score {wrong[0]} is not a probability in [0, 1]: it has no calibration")
    return np.minimum((score * bins).astype(int), bins - 1)


def reliability(score: np.ndarray, hit: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Return the reliability curve: rows are bins, columns n, ``score`` (mean) and ``precision`` (share of hits).

    score (N,) in [0, 1]; hit bool (N,), whether the event was right. Both means are NaN in an empty bin. A calibrated
    detector lies on the diagonal (DeGroot and Fienberg, The Statistician 32, 1983).
    """
    where = score_bins(score, bins)
    n, scores, hits = (np.bincount(where, weight, bins) for weight in (None, score, np.asarray(hit, float)))
    index = pd.IntervalIndex.from_breaks(np.linspace(0, 1, bins + 1), closed="left", name="bin")
    return pd.DataFrame({"n": n, "score": ratio(scores, n), "precision": ratio(hits, n)}, index=index)


def calibration_error(n: np.ndarray, scores: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Return the expected calibration error (ECE) from each bin's number, sum of scores and hits: (bins, ...) to (...).

    ECE = sum over bins of n_b / N |precision_b - mean score_b| (Guo et al., ICML 2017; Naeini et al., AAAI 2015). In
    [0, 1], 0 is calibrated; NaN without events. It does not depend on events that were missed.
    """
    return ratio(np.abs(np.asarray(hits, float) - scores).sum(0), np.sum(n, 0))


def ece(score: np.ndarray, hit: np.ndarray, bins: int = BINS) -> float:
    """Return the ECE (``calibration_error``) of scores (N,) in [0, 1] and whether each was right, bool (N,)."""
    where = score_bins(score, bins)
    return float(
        calibration_error(*(np.bincount(where, weight, bins) for weight in (None, score, np.asarray(hit, float))))
    )


def moments(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the terms that ``concordance`` adds up, of each pair of two series (N,): 1, a, b, aa, bb, ab as (6, N)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.stack([np.ones(a.shape), a, b, a * a, b * b, a * b])


def concordance(sums: np.ndarray) -> np.ndarray:
    """Return the CCC from sums of ``moments``: (6, ...) to (...)."""
    n, a, b, aa, bb, ab = np.asarray(sums, float)
    mean_a, mean_b = ratio(a, n), ratio(b, n)
    spread = (ratio(aa, n) - mean_a**2) + (ratio(bb, n) - mean_b**2) + (mean_a - mean_b) ** 2
    return ratio(2 * (ratio(ab, n) - mean_a * mean_b), np.where(spread > 1e-12, spread, 0.0))


def ccc(a: np.ndarray, b: np.ndarray) -> float:
    """Return Lin's concordance correlation coefficient of two series (N,), in [-1, 1].

    CCC = 2 cov(a, b) / (var a + var b + (mean a - mean b)^2), with variances over N (Lin, Biometrics 45, 1989): the
    measure of valence and arousal (AVEC, Aff-Wild2). Unlike a correlation it falls with a shift or a wrong scale. NaN
    where both series are one and the same constant.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise KinesicsError(f"two series of {a.size} and {b.size} numbers: CCC compares them pair by pair")
    middle = a.mean() if a.size else 0.0  # the same shift of both changes nothing but the rounding
    return float(concordance(moments(a - middle, b - middle).sum(1)))
