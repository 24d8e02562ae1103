"""Matching of predicted to true events in time, and what follows from it: event F1, average precision, spatial IoU.

Events can match only within one video and one label and, unless ``match_person`` is false, one person: who does it is
part of the question. Times are seconds; tIoU is the intersection over union of two time segments, and a pair counts
where tIoU >= threshold. Row order decides ties, so the functions that return a metric sort their tables first.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kinesics import KinesicsError
from kinesics.events import BOX, ORDER, box_iou

# THUMOS'14's thresholds: truth at a resolution of 0.25 s makes ActivityNet's 0.95 a test of rounding.
MAP_TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)
PAIRS_AT_ONCE = 1 << 21  # bounds the memory of overlaps() at about 200 MB beyond its result


def sorted_events(events: pd.DataFrame) -> pd.DataFrame:
    """Return the table in an order that depends on its values alone, numbered from 0."""
    return events.sort_values([*ORDER, *BOX], kind="stable").reset_index(drop=True)


def overlaps(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float, match_person: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair that may match: truth rows (K,), predicted rows (K,) and their tIoU (K,), all tIoU >= ``tiou``.

    Raises KinesicsError unless 0 < tiou <= 1.
    """
    if not 0 < tiou <= 1:
        raise KinesicsError(f"tIoU threshold {tiou} is not in (0, 1]")
    keys = ["video", "label", "person"] if match_person else ["video", "label"]
    group = pd.concat([truth[keys], predicted[keys]]).groupby(keys, sort=False).ngroup().to_numpy()
    of_truth, of_predicted = group[: len(truth)], group[len(truth) :]
    order = np.argsort(of_predicted, kind="stable")
    first = np.searchsorted(of_predicted[order], of_truth, "left")
    count = np.searchsorted(of_predicted[order], of_truth, "right") - first
    a, b = (table[["start_s", "end_s"]].to_numpy(float) for table in (truth, predicted))
    found = []
    for rows in np.split(np.arange(len(truth)), np.flatnonzero(np.diff(count.cumsum() // PAIRS_AT_ONCE)) + 1):
        size = count[rows]
        t = rows.repeat(size)
        p = order[first[t] + np.arange(size.sum()) - (size.cumsum() - size).repeat(size)]
        inter = (np.minimum(a[t, 1], b[p, 1]) - np.maximum(a[t, 0], b[p, 0])).clip(min=0.0)
        iou = inter / ((a[t, 1] - a[t, 0]) + (b[p, 1] - b[p, 0]) - inter)
        keep = iou >= tiou
        found.append((t[keep], p[keep], iou[keep]))
    return tuple(np.concatenate(column) for column in zip(*found, strict=True))


def match_events(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float = 0.5, match_person: bool = True
) -> np.ndarray:
    """Return the predicted row matched to each truth row, -1 for none: int (N,).

    One to one, with the largest number of pairs and among those the largest sum of tIoU (the assignment problem, Kuhn,
    Naval Research Logistics Quarterly 2, 1955). A greedy choice can lose pairs; this one does not, so the counts of
    true and false positives are the same for every row order, and when the tables change places.
    """
    t, p, iou = overlaps(truth, predicted, tiou, match_person)
    matched = np.full(len(truth), -1)
    size = len(truth) + len(predicted)
    graph = coo_array((np.ones(len(t)), (t, len(truth) + p)), shape=(size, size))
    part = connected_components(graph, directed=False)[1][t]
    alone = np.bincount(part, minlength=1)[part] == 1
    matched[t[alone]] = p[alone]
    crowded = np.flatnonzero(~alone)
    crowded = crowded[np.argsort(part[crowded], kind="stable")]
    for pairs in np.split(crowded, np.flatnonzero(np.diff(part[crowded])) + 1):
        rows, row = np.unique(t[pairs], return_inverse=True)
        columns, column = np.unique(p[pairs], return_inverse=True)
        gain = np.zeros((len(rows), len(columns)))
        gain[row, column] = 1 + iou[pairs] / (min(gain.shape) + 1)  # no sum of tIoU outweighs a pair
        row, column = linear_sum_assignment(gain, maximize=True)
        real = gain[row, column] > 0
        matched[rows[row[real]]] = columns[column[real]]
    return matched


def ranking(predicted: pd.DataFrame) -> np.ndarray:
    """Return the row numbers by falling score; of equal scores the later row first: int (P,)."""
    return np.argsort(predicted["score"].to_numpy(float), kind="stable")[::-1]


def match_ranked(
    truth: pd.DataFrame, predicted: pd.DataFrame, tious: Sequence[float] = MAP_TIOUS, match_person: bool = True
) -> np.ndarray:
    """Return the truth row that each prediction takes at each threshold, -1 for a false positive: int (T, P).

    As in the ActivityNet toolkit: by falling score, each prediction takes the truth of largest tIoU that is still free;
    of equal tIoU the later row.
    """
    t, p, iou = overlaps(truth, predicted, min(tious, default=0), match_person)
    rank = np.empty(len(predicted), int)
    rank[ranking(predicted)] = np.arange(len(predicted))
    order = np.lexsort((-t, -iou, rank[p]))
    t, p, iou = t[order], p[order], iou[order]
    taken = np.full((len(tious), len(predicted)), -1)
    for row, tiou in zip(taken, tious, strict=True):
        free, of = [True] * len(truth), [-1] * len(predicted)
        keep = iou >= tiou
        for a, b in zip(t[keep].tolist(), p[keep].tolist(), strict=True):
            if of[b] < 0 and free[a]:
                of[b], free[a] = a, False
        row[:] = of
    return taken


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


def f1_score(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """Return F1 = 2 TP / (2 TP + FP + FN), element by element; NaN where nothing was true and nothing predicted.

    The harmonic mean of precision TP / (TP + FP) and recall TP / (TP + FN) (van Rijsbergen, Information Retrieval,
    1979). A label that was predicted but never true has F1 0.
    """
    return ratio(2 * np.asarray(tp), 2 * np.asarray(tp) + fp + fn)


def event_counts(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float = 0.5, match_person: bool = True
) -> pd.DataFrame:
    """Return true positives, false positives and false negatives per label after ``match_events``: columns tp, fp, fn.

    Micro F1 is ``f1_score`` of the columns' sums, macro F1 the mean of ``f1_score`` of the rows. Rows are all labels of
    either table.
    """
    hit = match_events(truth, predicted, tiou, match_person) >= 0
    n_truth, n_predicted, tp = (events.value_counts() for events in (truth.label, predicted.label, truth.label[hit]))
    labels = sorted({*n_truth.index, *n_predicted.index})
    n_truth, n_predicted, tp = (counts.reindex(labels, fill_value=0) for counts in (n_truth, n_predicted, tp))
    return pd.DataFrame({"tp": tp, "fp": n_predicted - tp, "fn": n_truth - tp})


def interpolated_ap(hit: np.ndarray, weight: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the average precision of one class for B weightings at once: (B,); NaN where ``total`` is 0.

    AP = sum over k of (R_k - R_(k-1)) max over j >= k of P_j, where P_k and R_k are precision and recall of the first k
    predictions: the area under the interpolated curve of PASCAL VOC 2010 and later (Everingham et al., IJCV 111, 2015),
    as in the ActivityNet toolkit (Caba Heilbron et al., CVPR 2015).

    hit: bool (P,), the predictions by falling score, true where one found a truth. weight: (P, B), how often each
    prediction counts. total: (B,), the weight of all truths. A weight of w acts as w copies of the prediction, side by
    side in the ranking, each with its own copy of the truth that it found; 0 removes them. All ones is the plain AP.
    """
    gain = weight[hit]
    seen = weight.cumsum(0)[hit]
    # Precision can only fall at a miss, so the maximum to the right lies on a hit.
    precision = np.divide(gain.cumsum(0), seen, out=np.zeros(gain.shape), where=seen > 0)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return ratio((gain * best).sum(0), total)


def ap_samples(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    labels: Sequence[str],
    tious: Sequence[float] = MAP_TIOUS,
    match_person: bool = True,
    units: tuple[np.ndarray, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return the AP at each threshold, of each label, under each of B weightings: (T, L, B).

    units: the unit of each truth row (N,) and of each predicted row (P,); weights: how often each unit counts, (U, B).
    A prediction that found a truth goes with the truth's unit, so that the pair is kept or left out as one; any other
    with its own. Matching is done once, on all events: with whole videos as units it is what each resample would give.
    Without units and weights B is 1 and every event counts once.
    """
    if units is None or weights is None:
        units, weights = (np.zeros(len(truth), int), np.zeros(len(predicted), int)), np.ones((1, 1))
    of_truth, of_predicted = units
    taken = match_ranked(truth, predicted, tious, match_person)
    index = pd.Index(labels)
    truth_rows = _by_label(index.get_indexer(truth["label"]), np.arange(len(truth)), len(labels))
    order = ranking(predicted)
    predicted_rows = _by_label(index.get_indexer(predicted["label"])[order], order, len(labels))
    ap = np.empty((len(tious), len(labels), weights.shape[1]))
    for label, (true, rows) in enumerate(zip(truth_rows, predicted_rows, strict=True)):
        total = weights[of_truth[true]].sum(0)
        for k in range(len(tious)):
            found = taken[k, rows]
            unit = of_predicted[rows]
            unit[found >= 0] = of_truth[found[found >= 0]]
            ap[k, label] = interpolated_ap(found >= 0, weights[unit], total)
    return ap


def average_precision(
    truth: pd.DataFrame, predicted: pd.DataFrame, tious: Sequence[float] = MAP_TIOUS, match_person: bool = True
) -> pd.DataFrame:
    """Return the average precision of each label of ``truth`` (rows) at each tIoU (columns).

    The formula is at ``interpolated_ap``. mAP at a threshold is the mean of its column; the mean of the whole table is
    called mAP at tIoU 0.3:0.1:0.7. As in the ActivityNet toolkit (Evaluation/eval_detection.py; equal to rounding):

    - classes are those that occur in the truth: one never predicted has AP 0, predictions of any other are left out;
    - a prediction in a video without truth of its class is a false positive;
    - the toolkit has no persons: ``match_person=False`` gives its values where a video has several.

    The toolkit sorts scores with an unstable sort and reverses, so that with equal scores its value depends on row
    order and platform. Here the tables are sorted first and of equal scores the later row leads: the toolkit's value
    with a stable sort on the sorted tables. Where many scores are equal another order can give another AP.
    """
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    labels = sorted(truth["label"].unique())
    ap = ap_samples(truth, predicted, labels, tious, match_person)[..., 0]
    return pd.DataFrame(ap.T, index=pd.Index(labels, name="label"), columns=list(tious))


def matched_box_iou(truth: pd.DataFrame, predicted: pd.DataFrame, matched: np.ndarray) -> np.ndarray:
    """Return the spatial IoU of the boxes of each truth row and its match (``match_events``): (N,).

    The box is the median over the event, in fractions of the frame. NaN where nothing matched, a box is missing, or
    both boxes have no area.
    """
    iou = np.full(len(truth), np.nan)
    hit = matched >= 0
    iou[hit] = box_iou(truth.loc[hit, BOX].to_numpy(), predicted[BOX].to_numpy()[matched[hit]])
    return iou


def _by_label(code: np.ndarray, rows: np.ndarray, n_labels: int) -> list[np.ndarray]:
    """Split ``rows`` by label number ``code`` (-1: in no part), keeping their order."""
    order = np.argsort(code, kind="stable")
    return np.split(rows[order], np.searchsorted(code[order], np.arange(n_labels + 1)))[1:-1]
