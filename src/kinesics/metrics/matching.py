"""Matching of predicted to true events in time, and what follows from it: event F1, average precision, spatial IoU.

Events can match only within one video and one label and, unless ``match_person`` is false, one person: who does it is
part of the question. Times are seconds; tIoU is the intersection over union of two time segments, and a pair counts
where tIoU >= threshold. Row order decides ties, so the functions that return a metric sort their tables first.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kinesics import KinesicsError
from kinesics.events import BOX, ORDER, box_iou

# THUMOS'14's thresholds: truth at a resolution of 0.25 s makes ActivityNet's 0.95 a test of rounding.
MAP_TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)
ANET_TIOUS = tuple(np.linspace(0.5, 0.95, 10))
MAX_PROPOSALS = 100
PAIRS_AT_ONCE = 1 << 21  # bounds the memory of overlaps() at about 200 MB beyond its result
WEIGHTS_AT_ONCE = 1 << 23  # bounds the memory of ranked_ap() at about 300 MB


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
    return match_pairs(overlaps(truth, predicted, tiou, match_person), len(truth), len(predicted))


def match_pairs(pairs: tuple[np.ndarray, np.ndarray, np.ndarray], n_truth: int, n_predicted: int) -> np.ndarray:
    """Return what ``match_events`` does from the pairs that may match (``overlaps``): int (N,)."""
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
    ActivityNet toolkit). Without ``second_choice`` it asks for the truth of largest IoU alone, of equal IoU the earlier
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


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where whole is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)[()]  # 0-d to a number


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
    return _interpolated_ap(gain, gain.cumsum(0), weight.cumsum(0)[hit], total)


def _interpolated_ap(gain: np.ndarray, found: np.ndarray, seen: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the AP (B,) from the weight of each hit, and of all hits and all predictions up to it: (hits, B) each."""
    # Precision can only fall at a miss, so the maximum to the right lies on a hit.
    best = np.divide(found, seen, out=np.zeros(gain.shape), where=seen > 0)
    for k in range(len(best) - 2, -1, -1):  # row by row is several times as fast as maximum.accumulate down the columns
        np.maximum(best[k], best[k + 1], out=best[k])
    return ratio((gain * best).sum(0), total)


class Ranked(NamedTuple):
    """What AP takes of a table of predictions: each label's, by falling score, and how many truths there are."""

    hit: list[np.ndarray]  # (T, P of the label) a label: whether it found a truth at each threshold
    unit: list[np.ndarray]  # (T, P of the label) a label: the unit it counts in
    total: np.ndarray  # (L, U): truths of each label in each unit


def rank_predictions(
    truth_label: np.ndarray,
    predicted_label: np.ndarray,
    ranked: np.ndarray,
    taken: np.ndarray,
    units: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
) -> Ranked:
    """Return the predictions label by label. Labels are numbers (-1: not judged), of truths (N,) and predictions (P,).

    ranked: predicted rows by falling score (P,); taken: of ``take_ranked`` (T, P); units: the unit of each truth (N,)
    and prediction (P,); shape: the numbers of labels and of units. A prediction that found a truth goes with the
    truth's unit, so that the pair is kept or left out as one; any other with its own.
    """
    of_truth, of_predicted = units
    rows = _by_label(predicted_label[ranked], ranked, shape[0])
    found = [taken[:, row] for row in rows]
    if len(of_truth) == 0:
        of_truth = np.zeros(1, int)  # no prediction found one, but the look-up needs something to look into
    unit = [np.where(f >= 0, of_truth[f.clip(0)], of_predicted[row]) for f, row in zip(found, rows, strict=True)]
    judged = truth_label >= 0
    total = np.zeros(shape, int)
    np.add.at(total, (truth_label[judged], units[0][judged]), 1)
    return Ranked([f >= 0 for f in found], unit, total)


def ranked_ap(ranked: Ranked, weights: np.ndarray) -> np.ndarray:
    """Return the AP at each threshold, of each label, under each of B weightings of the units (U, B): (T, L, B).

    The formula is at ``interpolated_ap``. Weights are whole numbers, so their sums are exact in any order: those of the
    predictions up to each hit are the counts of each unit there times the weights of the units.
    """
    total = ranked.total @ weights
    n_thresholds = len(ranked.hit[0]) if ranked.hit else 0
    ap = np.empty((n_thresholds, *total.shape))
    for label, (hits, units) in enumerate(zip(ranked.hit, ranked.unit, strict=True)):
        for k, (hit, unit) in enumerate(zip(hits, units, strict=True)):
            there, place = np.unique(unit, return_inverse=True)
            is_of = place[:, None] == np.arange(len(there))
            seen, found = is_of.cumsum(0)[hit].astype(float), is_of[hit].cumsum(0).astype(float)
            width = max(WEIGHTS_AT_ONCE // max(len(seen), 1), 1)
            for first in range(0, weights.shape[1], width):
                part = slice(first, first + width)
                of_unit = weights[there, part]
                gain = of_unit[place[hit]]
                ap[k, label, part] = _interpolated_ap(gain, found @ of_unit, seen @ of_unit, total[label, part])
    return ap


def merge_ranked(first: Ranked, second: Ranked) -> Ranked:
    """Return the predictions of two detectors in one ranking, the k-th of the one beside the k-th of the other.

    The units of the second follow those of the first: weights are then (U of both, B). Scores are not compared, since
    detectors need not mean the same by them; alone, with weight 0 for the other, each keeps its AP. Of two k-th the one
    that found a truth leads, so that it does not matter which detector is the first.
    """
    hits, units = [], []
    n_units = first.total.shape[1]
    for label, a in enumerate(first.hit):
        b = second.hit[label]
        place = np.concatenate([np.arange(a.shape[1]), np.arange(b.shape[1])])
        hit = np.concatenate([a, b], 1)
        unit = np.concatenate([first.unit[label], second.unit[label] + n_units], 1)
        order = np.argsort(2 * place + ~hit, axis=1, kind="stable")
        hits.append(np.take_along_axis(hit, order, 1))
        units.append(np.take_along_axis(unit, order, 1))
    return Ranked(hits, units, np.concatenate([first.total, second.total], 1))


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
    Matching is done once, on all events: with whole videos as units it is what each resample would give. Without units
    and weights B is 1 and every event counts once.
    """
    if units is None or weights is None:
        units, weights = (np.zeros(len(truth), int), np.zeros(len(predicted), int)), np.ones((1, 1))
    code = [pd.Index(labels).get_indexer(table["label"]) for table in (truth, predicted)]
    taken = match_ranked(truth, predicted, tious, match_person)
    ranked = rank_predictions(*code, ranking(predicted), taken, units, (len(labels), len(weights)))
    return ranked_ap(ranked, weights).reshape(len(tious), len(labels), weights.shape[1])


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


def first_proposals(
    truth: pd.DataFrame, predicted: pd.DataFrame, tious: Sequence[float], max_proposals: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return when a truth is first recalled, and how many proposals its video has, both row by row of ``truth``.

    The first is the place, from 0, of the first proposal of the video (by falling score) that reaches the threshold,
    int (N, T), far beyond any number where none does; the second the number of proposals at each average number 1 to
    ``max_proposals``, int (N, max_proposals). See ``average_recall``.
    """
    anonymous = [table.assign(label="", person=0) for table in (truth, predicted)]
    t, p, iou = overlaps(*anonymous, min(tious, default=0))
    place = np.empty(len(predicted), int)
    order = ranking(predicted)
    place[order] = predicted.iloc[order].groupby("video", sort=False).cumcount()
    first = np.full((len(truth), len(tious)), np.iinfo(int).max)
    for k, tiou in enumerate(tious):
        keep = iou >= tiou
        np.minimum.at(first[:, k], t[keep], place[p[keep]])
    videos = truth["video"].unique()
    found = predicted["video"].value_counts().reindex(videos, fill_value=0).to_numpy()
    # The order of these operations is the toolkit's: rounding down makes it matter.
    kept = np.minimum((found * (max_proposals * float(len(videos)) / max(len(predicted), 1))).astype(int), found)
    steps = np.arange(1, max_proposals + 1) / float(max_proposals)
    share = steps * (max_proposals * float(len(videos)) / max(kept.sum(), 1))
    number = np.minimum((kept[:, None] * share).astype(int), kept[:, None])  # (videos, max_proposals)
    return first, number[pd.Index(videos).get_indexer(truth["video"])]


def average_recall(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    tious: Sequence[float] = ANET_TIOUS,
    max_proposals: int = MAX_PROPOSALS,
) -> pd.Series:
    """Return the average recall (AR) at an average number (AN) of 1 to ``max_proposals`` proposals a video.

    AR(AN) = mean over tIoU of (truths with a proposal of at least that tIoU among the first ones of their video) /
    (all truths). Predictions are proposals: neither label nor person is asked for, and one may recall several truths.
    The number of a video's proposals is the share of its own that makes the average AN, rounded down, as in the
    ActivityNet toolkit (Evaluation/eval_proposal.py with 100 proposals; Caba Heilbron et al., CVPR 2015; Escorcia et al.,
    ECCV 2016). Videos without truth are left out. NaN where nothing is true. Raises KinesicsError unless
    max_proposals >= 1.
    """
    if max_proposals < 1:
        raise KinesicsError(f"max_proposals {max_proposals} is not a number of proposals from 1")
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    first, number = first_proposals(truth, predicted, tious, max_proposals)
    recalled = (first[:, :, None] < number[:, None, :]).sum(0)  # (T, AN)
    recall = ratio(recalled, len(truth)).mean(0)
    return pd.Series(recall, index=pd.RangeIndex(1, max_proposals + 1, name="AN"), name="AR")


def recall_auc(recall: np.ndarray) -> np.ndarray:
    """Return the area under AR against AN, over the largest AN: (AN, ...) to (...), in [0, 1].

    The trapezoidal rule from AN 1 on, as in the toolkit: a perfect detector reaches 1 - 1 / AN.
    """
    return np.trapezoid(recall, axis=0) / len(recall)


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
