"""Match predicted to true events in time; event F1 and spatial IoU of the matches.

Events can match only within one video and one label and, unless ``match_person`` is false, one person, which is part of
what is predicted. Times are seconds; tIoU is the intersection over union of two time segments, and a pair counts
where tIoU >= threshold. Row order decides ties, so the functions that return a metric sort their tables first.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kinesics.errors import KinesicsError
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX, ORDER

# THUMOS'14's thresholds: truth at a resolution of 0.25 s makes ActivityNet's 0.95 a test of rounding.
MAP_TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)
PAIRS_AT_ONCE = 1 << 21  # bounds the memory of overlaps() at about 200 MB beyond its result


def sorted_events(events: pd.DataFrame) -> pd.DataFrame:
    """Return the table in an order that depends on its values alone, numbered from 0."""
    return events.sort_values([*ORDER, *BOX], kind="stable").reset_index(drop=True)


def check_tious(*tious: float) -> None:
    """Raise KinesicsError unless there is at least one threshold and each is in (0, 1]."""
    for tiou in tious or (np.nan,):
        if not 0 < tiou <= 1:
            raise KinesicsError(f"tIoU threshold {tiou} is not in (0, 1]")


def overlaps(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float, match_person: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair that may match: truth rows (K,), predicted rows (K,) and their tIoU (K,), all tIoU >= ``tiou``.

    Raises KinesicsError unless 0 < tiou <= 1.
    """
    check_tious(tiou)
    keys = ["video", "label", "person"] if match_person else ["video", "label"]
    group = pd.concat([truth[keys], predicted[keys]]).groupby(keys, sort=False).ngroup().to_numpy()
    a, b = (table[["start_s", "end_s"]].to_numpy(float) for table in (truth, predicted))
    first, count, order = _near_starts(a, b, group, tiou)
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for rows in np.split(np.arange(len(truth)), np.flatnonzero(np.diff(count.cumsum() // PAIRS_AT_ONCE)) + 1):
        row, place = expand_ranges(first[rows], count[rows])
        t, p = rows[row], order[place]
        inter = (np.minimum(a[t, 1], b[p, 1]) - np.maximum(a[t, 0], b[p, 0])).clip(min=0.0)
        iou = inter / ((a[t, 1] - a[t, 0]) + (b[p, 1] - b[p, 0]) - inter)
        keep = iou >= tiou
        pieces.append((t[keep], p[keep], iou[keep]))
    t, p, iou = (np.concatenate(column) for column in zip(*pieces, strict=True))
    by_row = np.lexsort((p, t))
    return t[by_row], p[by_row], iou[by_row]


def _near_starts(
    truth: np.ndarray, predicted: np.ndarray, group: np.ndarray, tiou: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each truth, which predictions of its group start near enough to reach ``tiou``.

    truth (N, 2) and predicted (P, 2) are start and end; group (N + P,) numbers what may match. Of a truth of length l, a
    prediction that reaches ``tiou`` starts at most l (1 / tiou - 1) before it and at least l tiou before its end. The
    result is the place of the first such prediction in an order of the predictions and their number, int (N,) each, and
    that order, int (P,).
    """
    of_truth, of_predicted = group[: len(truth)], group[len(truth) :]
    starts = np.unique(predicted[:, 0])
    step = len(starts) + 1  # a key is the group times this plus the place of a start among all starts
    key = of_predicted * step + np.searchsorted(starts, predicted[:, 0])
    order = np.argsort(key, kind="stable")
    length = truth[:, 1] - truth[:, 0]
    slack = 1e-9 * (1 + np.abs(truth[:, 1]))  # of rounding; what lies within it is judged by its tIoU
    earliest = truth[:, 0] - length * (1 / tiou - 1) - slack / tiou
    latest = truth[:, 1] - length * tiou + slack
    first: np.ndarray = np.searchsorted(key[order], of_truth * step + np.searchsorted(starts, earliest, "left"))
    last: np.ndarray = np.searchsorted(key[order], of_truth * step + np.searchsorted(starts, latest, "right"))
    return first, last - first, order


def expand_ranges(first: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every number of the ranges of ``size`` numbers from ``first``, (N,) each, as (range, number): int (K,) each."""
    row = np.arange(len(size)).repeat(size)
    return row, first[row] + np.arange(len(row)) - (size.cumsum() - size)[row]


def match_events(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float = 0.5, match_person: bool = True
) -> np.ndarray:
    """Return the predicted row matched to each truth row, -1 for none: int (N,).

    One to one, with the largest number of pairs and among those the largest sum of tIoU (the assignment problem, Kuhn,
    Naval Research Logistics Quarterly 2, 1955). A greedy choice can lose pairs; this one does not, so the counts of
    true and false positives are the same for every row order, and when the tables change places.
    """
    return match_pairs(overlaps(truth, predicted, tiou, match_person), len(truth), len(predicted))


def match_pairs(pairs: tuple[np.ndarray, np.ndarray, np.ndarray], n_truth: int, n_predicted: int) -> np.ndarray:
    """Return ``match_events`` from the pairs that may match (``overlaps``): int (N,)."""
    t, p, iou = pairs
    matched = np.full(n_truth, -1)
    size = n_truth + n_predicted
    graph = coo_array((np.ones(len(t)), (t, n_truth + p)), shape=(size, size))
    part = connected_components(graph, directed=False)[1][t]
    alone = np.bincount(part, minlength=1)[part] == 1
    matched[t[alone]] = p[alone]
    crowded = np.flatnonzero(~alone)
    crowded = crowded[np.argsort(part[crowded], kind="stable")]
    for group in np.split(crowded, np.flatnonzero(np.diff(part[crowded])) + 1):
        rows, row = np.unique(t[group], return_inverse=True)
        columns, column = np.unique(p[group], return_inverse=True)
        gain = np.zeros((len(rows), len(columns)))
        gain[row, column] = 1 + iou[group] / (min(gain.shape) + 1)  # no sum of tIoU outweighs a pair
        row, column = linear_sum_assignment(gain, maximize=True)
        real = gain[row, column] > 0
        matched[rows[row[real]]] = columns[column[real]]
    return matched


def ranking(predicted: pd.DataFrame) -> np.ndarray:
    """Return the row numbers by falling score; of equal scores the later row first: int (P,)."""
    return np.argsort(predicted["score"].to_numpy(float), kind="stable")[::-1]


def take_ranked(
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    ranked: np.ndarray,
    n_truth: int,
    thresholds: Sequence[float],
    second_choice: bool = True,
) -> np.ndarray:
    """Return the truth row that each prediction takes at each threshold, -1 for a false positive: int (T, P).

    pairs: truth rows, predicted rows and their IoU, (K,) each; ranked: the predicted rows by falling score (P,). By
    falling score, each prediction takes the truth of largest IoU that is still free; of equal IoU the later row (the
    ActivityNet toolkit). Without ``second_choice`` it can take the truth of largest IoU alone, of equal IoU the earlier
    row, and is false if that is taken (AVA and PASCAL VOC).
    """
    t, p, iou = pairs
    rank = np.empty(len(ranked), int)
    rank[ranked] = np.arange(len(ranked))
    order = np.lexsort((-t if second_choice else t, -iou, rank[p]))
    t, p, iou = t[order], p[order], iou[order]
    if not second_choice:
        first = np.concatenate([[True], p[1:] != p[:-1]])[: len(p)]
        t, p, iou = t[first], p[first], iou[first]
    taken = np.full((len(thresholds), len(ranked)), -1)
    for row, threshold in zip(taken, thresholds, strict=True):
        free, of = [True] * n_truth, [-1] * len(ranked)
        keep = iou >= threshold
        for a, b in zip(t[keep].tolist(), p[keep].tolist(), strict=True):
            if of[b] < 0 and free[a]:
                of[b], free[a] = a, False
        row[:] = of
    return taken


def match_ranked(
    truth: pd.DataFrame, predicted: pd.DataFrame, tious: Sequence[float] = MAP_TIOUS, match_person: bool = True
) -> np.ndarray:
    """Return the truth row that each prediction takes at each tIoU as in the ActivityNet toolkit, else -1: int (T, P)."""
    pairs = overlaps(truth, predicted, min(tious, default=0), match_person)
    return take_ranked(pairs, ranking(predicted), len(truth), tious)


def ratio(part: np.ndarray | float, whole: np.ndarray | float) -> np.ndarray:
    """Return part / whole, NaN where whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)[()]  # 0-d to a number


def mean_defined(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean over the values that are not NaN; NaN where there is none."""
    return ratio(np.nansum(values, axis), np.isfinite(values).sum(axis))


def f1_score(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """Return F1 = 2 TP / (2 TP + FP + FN), element by element; NaN where nothing was true and nothing predicted.

    The harmonic mean of precision TP / (TP + FP) and recall TP / (TP + FN) (van Rijsbergen, Information Retrieval,
    1979). A label that was predicted but never true has F1 0.
    """
    return ratio(2 * np.asarray(tp), 2 * np.asarray(tp) + fp + fn)


def matched_box_iou(truth: pd.DataFrame, predicted: pd.DataFrame, matched: np.ndarray) -> np.ndarray:
    """Return the spatial IoU of the boxes of each truth row and its match (``match_events``): (N,).

    The box is the median over the event, in fractions of the frame. NaN where nothing matched, a box is missing, or
    both boxes have no area.
    """
    iou = np.full(len(truth), np.nan)
    hit = matched >= 0
    iou[hit] = box_iou(truth.loc[hit, BOX].to_numpy(), predicted[BOX].to_numpy()[matched[hit]])
    return iou
