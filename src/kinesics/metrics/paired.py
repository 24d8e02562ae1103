"""Compare two detectors over few people: sign flips, BCa intervals, power, and how reliably a measure is reproduced.

One number a person and detector; people, not events, are what is drawn and flipped.
"""

from typing import Any

import numpy as np
from scipy.stats import bootstrap, norm

from kinesics.metrics.bootstrap import permutation_p

#: Differences that are no larger are ties.
TIE = 1e-9
#: The power for which a detectable difference is computed.
POWER = 0.8


def sign_flip_p(differences: np.ndarray, flips: int = 20_000, seed: int = 0) -> float:
    """Return the two-sided p of the mean of paired differences (N,) under random changes of their signs.

    Exact, with every way to choose the signs, where those are at most ``flips``; else that many at random, and the observed
    one (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010). NaN without differences.
    """
    values = np.asarray(differences, float)
    if not len(values):
        return np.nan
    if 2 ** len(values) <= flips:
        signs = 1 - 2 * ((np.arange(1 << len(values))[:, None] >> np.arange(len(values))) & 1)
    else:
        drawn = np.random.default_rng(seed).integers(0, 2, (flips, len(values)))
        signs = np.concatenate([np.ones((1, len(values))), 1 - 2 * drawn])
    return float(permutation_p(signs @ values / len(values)))


def bca_interval(values: np.ndarray, resamples: int = 2000, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval of the mean of values (N,).

    Efron, Journal of the American Statistical Association 82, 1987, as in SciPy. NaN for fewer than two values; where all
    are equal, that value.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return np.nan, np.nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    result = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        confidence_level=level,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def detectable_difference(deviation: float, n: int, power: float = POWER, level: float = 0.05) -> float:
    """Return the smallest mean of n paired differences with this deviation that a two-sided test finds with this power.

    Normal approximation (Cohen 1988, Statistical Power Analysis, 2.5).
    """
    return float((norm.ppf(1 - level / 2) + norm.ppf(power)) * deviation / np.sqrt(n))


def compare_people(first: np.ndarray, second: np.ndarray, resamples: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Return the comparison of two detectors' scores of the same people, (N,) each.

    ``value``, the mean difference, ``low`` and ``high``, its BCa interval, ``p`` of sign flips, ``sd`` of the differences,
    ``detectable``, the mean difference found with a power of 0.8, and people ``won``, ``tied`` and ``lost``; ``n``.
    """
    difference = np.asarray(first, float) - np.asarray(second, float)
    low, high = bca_interval(difference, resamples, seed)
    deviation = float(difference.std(ddof=1))
    return {
        "value": float(difference.mean()),
        "low": low,
        "high": high,
        "p": sign_flip_p(difference, seed=seed),
        "sd": deviation,
        "detectable": detectable_difference(deviation, len(difference)),
        "won": int((difference > TIE).sum()),
        "tied": int((np.abs(difference) <= TIE).sum()),
        "lost": int((difference < -TIE).sum()),
        "n": len(difference),
    }


def icc_agreement(table: np.ndarray) -> float:
    """Return ICC(2,1) of targets (rows) measured by raters (columns), (N, k): two-way random effects, absolute agreement.

    Shrout and Fleiss, Psychological Bulletin 86, 1979. NaN for fewer than two targets, or where nothing varies.
    """
    table = np.asarray(table, float)
    n, k = table.shape
    if n < 2:
        return np.nan
    mean = table.mean()
    targets = k * ((table.mean(1) - mean) ** 2).sum() / (n - 1)
    raters = n * ((table.mean(0) - mean) ** 2).sum() / (k - 1)
    residual = ((table - table.mean(1, keepdims=True) - table.mean(0) + mean) ** 2).sum() / ((n - 1) * (k - 1))
    below = targets + (k - 1) * residual + k * (raters - residual) / n
    return float((targets - residual) / below) if below > 0 else np.nan
