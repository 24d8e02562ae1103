"""Confidence intervals by a cluster bootstrap: whole videos, or blocks of long videos, are drawn with replacement.

Events of one video resemble each other, so that drawing single events would give intervals that are too narrow (Field
and Welsh, JRSS B 69, 2007; blocks of a series: Künsch, Annals of Statistics 17, 1989). A resample is a column of
weights, how often each unit was drawn; metrics take the weights, so that matching and rasterising are done only once.

Blocks of one video are still treated as independent: with few videos the interval speaks of more footage of these
videos, not of other people. ``block_s=inf`` clusters by video alone. A metric that is 1 in every unit has the interval
[1, 1] however few they are: the bootstrap cannot see what never occurred.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import index, samples

BLOCK_S = 10.0


def block_units(durations: Mapping[str, float], block_s: float = BLOCK_S) -> dict[str, range]:
    """Return the numbers of the units of each video: one a block of ``block_s`` seconds (the last may be shorter).

    Raises KinesicsError unless block_s is above 0 and every duration (seconds) is above 0 and finite.
    """
    if not block_s > 0:
        raise KinesicsError(f"block_s {block_s} is not above 0 s")
    units: dict[str, range] = {}
    first = 0
    for video in sorted(durations):
        if not 0 < durations[video] < np.inf:
            raise KinesicsError(f"video {video!r}: duration {durations[video]} s is not above 0 and finite")
        units[video] = range(first, first + max(samples(durations[video], 1 / block_s), 1))
        first = units[video].stop
    return units


def units_of_events(
    videos: Sequence[str], times_s: np.ndarray, units: Mapping[str, range], block_s: float = BLOCK_S
) -> np.ndarray:
    """Return the unit that holds each time of each video: int (N,). Times past the end fall into the last block."""
    code, names = pd.factorize(np.asarray(videos, object))
    first, last = (np.array([units[name][i] for name in names], int)[code] for i in (0, -1))
    return np.minimum(first + index(np.asarray(times_s, float), 1 / block_s), last)


def bootstrap_weights(n_units: int, resamples: int = 2000, seed: int = 0) -> np.ndarray:
    """Return how often each unit counts, in the data and in each resample: (n_units, 1 + resamples).

    Column 0 is all ones: a metric's column 0 is its value on the data. Each other column is a draw of ``n_units`` units
    with replacement, and sums to ``n_units`` (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
    Memory: 8 bytes a weight, 20 MB for 1200 units and 2000 resamples.
    """
    weights = np.ones((n_units, 1 + resamples))
    if n_units:
        weights[:, 1:] = np.random.default_rng(seed).multinomial(n_units, [1 / n_units] * n_units, size=resamples).T
    return weights


def percentile_interval(samples: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper end of the percentile interval of samples (..., 1 + B) whose column 0 is the value.

    Resamples in which the metric is undefined (NaN) are left out; NaN where all are.
    """
    ends = np.full((2, *samples.shape[:-1]), np.nan)
    drawn = samples[..., 1:]
    defined = np.isfinite(drawn)
    some, every = defined.any(-1), defined.all(-1)
    # nanquantile is many times as slow, and gives the same where nothing is undefined.
    for rows, quantile in ((every & some, np.quantile), (some & ~every, np.nanquantile)):
        if rows.any():
            ends[:, rows] = quantile(drawn[rows], [(1 - level) / 2, (1 + level) / 2], axis=-1)
    return ends[0], ends[1]


def permutation_signs(n_units: int, permutations: int, seed: int = 0) -> np.ndarray:
    """Return, for each unit, whether two detectors change places in it: bool (n_units, 1 + S); column 0 is all false.

    Every one of the 2 ** n_units ways if those are at most ``permutations``, else that many at random.
    """
    n_units = int(n_units)  # two to the power of a NumPy integer of 63 is negative
    if 2**n_units <= permutations:
        return (np.arange(2**n_units) >> np.arange(n_units)[:, None]) & 1 > 0
    drawn = np.random.default_rng(seed).integers(0, 2, (n_units, permutations)) > 0
    return np.concatenate([np.zeros((n_units, 1), bool), drawn], 1)


def permutation_p(differences: np.ndarray) -> np.ndarray:
    """Return the two-sided p of differences (..., 1 + S) under swaps, column 0 as observed: (...).

    p = (number of swaps, the observed one among them, whose difference is at least as large) / (1 + S): exact where all
    were tried, and never 0 (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010). Under the hypothesis that
    within a unit either detector could have given the other's events, every swap is as likely as what was seen (Fisher,
    The Design of Experiments, 1935; for retrieval: Smucker et al., CIKM 2007). Swaps for which the difference is
    undefined are left out; NaN where the observed one is, or where no other is left.
    """
    observed = np.abs(differences[..., :1])
    known = np.isfinite(differences)
    far = np.abs(np.where(known, differences, 0)) >= observed - 1e-12
    number = known.sum(-1)
    p = (far & known).sum(-1) / np.maximum(number, 1)
    return np.where(known[..., 0] & (number > 1), p, np.nan)


def holm(p: Sequence[float]) -> np.ndarray:
    """Return the p values of several comparisons, corrected after Holm (Scandinavian Journal of Statistics 6, 1979).

    The k-th smallest of m is multiplied by m - k + 1, and none is smaller than one before it or larger than 1: the
    chance of any false claim among all stays below the level. NaN stays NaN and is not counted in m.
    """
    p = np.asarray(p, float)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    corrected = np.full(p.shape, np.nan)
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return corrected


def add_holm(entries: Mapping[str, dict]) -> None:
    """Give every entry of a comparison, which has ``p`` or None, also ``p_holm``, corrected for their number."""
    corrected = holm([np.nan if entry["p"] is None else entry["p"] for entry in entries.values()])
    for entry, p in zip(entries.values(), corrected, strict=True):
        entry["p_holm"] = float(p) if np.isfinite(p) else None
