"""Candidate segments of a score, numbers that describe each, and the best set of segments that do not touch."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d

from kinesics.signals.event_assembly import MIN_S
from kinesics.structures.timegrid import runs

#: Levels at which the two scores of a label (log-odds, and the person's adapted levels) are cut, and widths in seconds over
#: which they are averaged before.
LEVELS = ((-3.0, -2.0, -1.2, -0.5, 0.2, 1.0, 2.0), (-2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5))
WIDTHS_S = (0.3, 0.9)
#: Seconds before and after a segment with which it is compared.
FLANKS_S = (0.8, 2.5)
#: The numbers that describe a segment in one score, and in place.
PER_SCORE, PLACE = 12, 11


def candidate_segments(scores: Sequence[np.ndarray], gap_s: float, rate_hz: float) -> np.ndarray:
    """Return the distinct runs of two scores (frames,) above their levels: int (N, 2), [start, stop) in frames.

    Each run once as it is, and with gaps of up to ``gap_s`` and twice that closed.
    """
    found = set()
    shortest, gap = round((MIN_S - 0.1) * rate_hz), round(gap_s * rate_hz)
    for score, levels in zip(scores, LEVELS, strict=True):
        for width in WIDTHS_S:
            smoothed = uniform_filter1d(score, max(round(width * rate_hz), 1), mode="nearest")
            for level in levels:
                above = runs(smoothed >= level)
                for joined in (_joined(above, closed) for closed in (1, gap, 2 * gap)):
                    found.update((int(a), int(b)) for a, b in joined if b - a >= shortest)
    return np.array(sorted(found), int).reshape(-1, 2)


def describe(
    segments: np.ndarray, scores: Sequence[np.ndarray], length: tuple[float, float], rate_hz: float
) -> np.ndarray:
    """Return numbers that describe segments (N, 2) in two scores (frames,): (N, 2 ``PER_SCORE`` + ``PLACE`` + 2).

    Of each score: mean, maximum and low quantiles inside, steepness at both ends, contrast with both flanks; then length
    (also in units of the label's usual ``length``, mean and deviation of the logarithm of seconds), place, the score over the
    whole recording, and whether the segment begins or ends with it.
    """
    frames = len(scores[0])
    near = max(round(WIDTHS_S[0] * rate_hz), 1)
    parts = [_in_score(segments, uniform_filter1d(score, near, mode="nearest"), rate_hz) for score in scores]
    start, stop = segments.T
    log_s = np.log((stop - start) / rate_hz)
    odds, levels = scores
    whole = [np.log(frames), odds.mean(), np.quantile(odds, 0.9), (odds > 0).mean(), levels.mean(), (levels > 0).mean()]
    place = [log_s, (log_s - length[0]) / length[1], (stop - start) / frames, start == 0, stop == frames]
    ends = np.stack([start < 2, stop > frames - 2], 1)
    return np.column_stack([*parts, *place, *(np.full(len(segments), value) for value in whole), ends]).astype(float)


def best_set(segments: np.ndarray, gain: np.ndarray, gap: int) -> np.ndarray:
    """Return the rows of the segments (N, 2) with the largest sum of ``gain`` (N,), more than ``gap`` frames apart.

    Weighted interval scheduling by dynamic programming (Kleinberg & Tardos 2005, Algorithm Design, 6.1).
    """
    rows = np.flatnonzero(gain > 0)
    rows = rows[np.argsort(segments[rows, 1], kind="stable")]
    stops = segments[rows, 1]
    before = np.searchsorted(stops, segments[rows, 0] - gap, side="right")
    best, taken = np.zeros(len(rows) + 1), np.zeros(len(rows), bool)
    for k, row in enumerate(rows):
        value = gain[row] + best[before[k]]
        taken[k] = value > best[k]
        best[k + 1] = max(value, best[k])
    chosen, k = [], len(rows)
    while k:
        if taken[k - 1]:
            chosen.append(rows[k - 1])
            k = before[k - 1]
        else:
            k -= 1
    return np.array(chosen[::-1], int)


def _joined(segments: np.ndarray, gap: int) -> np.ndarray:
    """Return the segments (N, 2), ascending, with gaps of at most ``gap`` closed."""
    if not len(segments):
        return segments
    apart = segments[1:, 0] - segments[:-1, 1] > gap
    return np.stack([segments[np.append(True, apart), 0], segments[np.append(apart, True), 1]], 1)


def _in_score(segments: np.ndarray, score: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the numbers of segments in one score: (N, ``PER_SCORE``), 0 for a contrast at the recording's border."""
    frames, sums = len(score), np.append(0, np.cumsum(score))
    start, stop = segments.T

    def mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (sums[b] - sums[a]) / np.maximum(b - a, 1)

    inside, columns = mean(start, stop), []
    for flank_s in FLANKS_S:
        reach = round(flank_s * rate_hz)
        first, last = np.maximum(start - reach, 0), np.minimum(stop + reach, frames)
        left = np.where(start - first >= 2, inside - mean(first, start), np.nan)
        right = np.where(last - stop >= 2, inside - mean(stop, last), np.nan)
        columns += [left, right, np.fmin(left, right)]
    edge = round(0.3 * rate_hz)
    rise = mean(start, np.minimum(start + edge, stop)) - mean(np.maximum(start - edge, 0), start)
    fall = mean(np.maximum(stop - edge, start), stop) - mean(stop, np.minimum(stop + edge, frames))
    spread = np.array([[score[a:b].max(), *np.quantile(score[a:b], [0.1, 0.3])] for a, b in segments]).reshape(-1, 3)
    rise, fall = np.where(start >= 2, rise, np.nan), np.where(stop <= frames - 2, fall, np.nan)
    return np.nan_to_num(np.column_stack([inside, spread, rise, fall, *columns]))
