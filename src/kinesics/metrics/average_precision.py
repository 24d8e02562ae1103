"""Measure average precision and average recall over temporal IoU thresholds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.matching import MAP_TIOUS, match_ranked, overlaps, ranking, ratio, sorted_events

ANET_TIOUS = tuple(np.linspace(0.5, 0.95, 10))


MAX_PROPOSALS = 100


WEIGHTS_AT_ONCE = 1 << 24  # bounds the memory of ranked_ap() at about 300 MB


def interpolated_ap(hit: np.ndarray, weight: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the average precision of one class for B weightings at once: (B,); NaN where ``total`` is 0.

    AP = sum over k of (R_k - R_(k-1)) max over j >= k of P_j, where P_k and R_k are precision and recall of the first k
    predictions: the area under the interpolated curve of PASCAL VOC 2010 and later (Everingham et al., IJCV 111, 2015),
    as in the ActivityNet toolkit (Caba Heilbron et al., CVPR 2015).

    hit: bool (P,), the predictions by falling score, true where one took a truth. weight: (P, B), how often each
    prediction counts. total: (B,), the weight of all truths. A weight of w acts as w copies of the prediction, side by
    side in the ranking, each with its own copy of the truth that it took; 0 removes them. All ones is the plain AP.
    """
    right, counted = weight[hit].cumsum(0), weight.cumsum(0)[hit]
    precision = np.divide(right, counted, out=np.zeros(right.shape), where=counted > 0)
    return _area(weight[hit], precision, total)


def _area(gain: np.ndarray, precision: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the AP (B,) from the weight of each hit and the precision at it, (hits, B) each; both are overwritten."""
    # Precision can only fall at a miss, so the maximum to the right lies on a hit.
    for k in range(
        len(precision) - 2, -1, -1
    ):  # row by row: several times as fast as maximum.accumulate down the columns
        np.maximum(precision[k], precision[k + 1], out=precision[k])
    return ratio(np.multiply(gain, precision, out=gain).sum(0), total)


class Ranked(NamedTuple):
    """The predictions of each label by falling score, as AP takes them, and how many truths there are."""

    hit: list[np.ndarray]  # (T, P of the label) per label: whether a prediction took a truth at each threshold
    unit: list[np.ndarray]  # (T, P of the label) per label: the unit it counts in
    total: np.ndarray  # (L, U): truths of each label in each unit


def rank_predictions(
    truth_label: np.ndarray,
    predicted_label: np.ndarray,
    ranked: np.ndarray,
    taken: np.ndarray,
    units: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
) -> Ranked:
    """Return the predictions by label. Labels are numbers (-1: not judged), of truths (N,) and predictions (P,).

    ranked: predicted rows by falling score (P,); taken: of ``take_ranked`` (T, P); units: the unit of each truth (N,)
    and prediction (P,); shape: the numbers of labels and of units. A prediction that took a truth goes with the
    truth's unit, so that the pair is kept or left out as one; any other with its own.
    """
    of_truth, of_predicted = units
    rows = _by_label(predicted_label[ranked], ranked, shape[0])
    truths = [taken[:, row] for row in rows]
    if len(of_truth) == 0:
        of_truth = np.zeros(1, int)  # no prediction took one, but the look-up needs a row
    unit = [np.where(t >= 0, of_truth[t.clip(0)], of_predicted[row]) for t, row in zip(truths, rows, strict=True)]
    judged = truth_label >= 0
    total = np.zeros(shape, int)
    np.add.at(total, (truth_label[judged], units[0][judged]), 1)
    return Ranked([t >= 0 for t in truths], unit, total)


def ranked_ap(ranked: Ranked, weights: np.ndarray) -> np.ndarray:
    """Return the AP at each threshold, of each label, under each of B weightings of the units (U, B): (T, L, B).

    The formula is at ``interpolated_ap``. Weights are whole numbers, so that their sums are exact in any order.
    """
    total = ranked.total @ weights
    weights = np.ascontiguousarray(weights)  # rows are added up
    n_thresholds = len(ranked.hit[0]) if ranked.hit else 0
    ap = np.empty((n_thresholds, *total.shape))
    for label, (hit, unit) in enumerate(zip(ranked.hit, ranked.unit, strict=True)):
        n_parts = int(hit.sum()) * weights.shape[1] // WEIGHTS_AT_ONCE + 1
        edges = np.linspace(0, int(weights.shape[1]), n_parts + 1).astype(int)
        for part in map(slice, edges[:-1], edges[1:]):
            ap[:, label, part] = _ap_of_label(hit, unit, weights[:, part], total[label, part])
    return ap


def _ap_of_label(hit: np.ndarray, unit: np.ndarray, weights: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the AP at each threshold from hits and units (T, P) and weights (U, B): (T, B).

    Weights are added up along the ranking for all thresholds together, since most of them look up the same row.
    """
    precision = [np.zeros((n, weights.shape[1])) for n in hit.sum(1)]
    rows = [iter(of) for of in precision]
    right = np.zeros((len(hit), weights.shape[1]))
    counted = np.full(right.shape, np.finfo(float).tiny)  # 0 / 0 is then 0, and a sum from 1 on is the same
    for hits, units in zip(hit.T.tolist(), unit.T.tolist(), strict=True):
        for k, (is_hit, number) in enumerate(zip(hits, units, strict=True)):
            counted[k] += weights[number]
            if is_hit:
                right[k] += weights[number]
                np.divide(right[k], counted[k], out=next(rows[k]))
    return np.stack([_area(weights[u[h]], of, total) for h, u, of in zip(hit, unit, precision, strict=True)])


def merge_ranked(first: Ranked, second: Ranked) -> Ranked:
    """Return the predictions of two detectors in one ranking, the k-th of the one beside the k-th of the other.

    The units of the second follow those of the first: weights are then (U of both, B). Scores are not compared, since
    detectors need not mean the same by them; alone, with weight 0 for the other, each keeps its AP. Of two k-th the one
    that took a truth leads, so that it does not matter which detector is the first.
    """
    hits: list[np.ndarray] = []
    units: list[np.ndarray] = []
    n_units = first.total.shape[1]
    for label, a in enumerate(first.hit):
        b = second.hit[label]
        place = np.concatenate([np.arange(int(a.shape[1])), np.arange(int(b.shape[1]))])
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
    of_truth, of_predicted = (pd.Index(labels).get_indexer(table["label"]) for table in (truth, predicted))
    taken = match_ranked(truth, predicted, tious, match_person)
    ranked = rank_predictions(of_truth, of_predicted, ranking(predicted), taken, units, (len(labels), len(weights)))
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
    int (N, T), far beyond any number where none does; the second is the number of proposals at each average number 1 to
    ``max_proposals``, int (N, max_proposals). See ``average_recall``.
    """
    of_any, proposals = (table.assign(label="", person=0) for table in (truth, predicted))
    t, p, iou = overlaps(of_any, proposals, min(tious, default=0))
    place = np.empty(len(predicted), int)
    order = ranking(predicted)
    place[order] = predicted.iloc[order].groupby("video", sort=False).cumcount()
    first = np.full((len(truth), len(tious)), np.iinfo(int).max)
    for k, tiou in enumerate(tious):
        keep = iou >= tiou
        np.minimum.at(first[:, k], t[keep], place[p[keep]])
    videos = truth["video"].unique()
    n_proposals = predicted["video"].value_counts().reindex(videos, fill_value=0).to_numpy()
    # The order of these operations is the toolkit's: rounding down makes it matter.
    kept = np.minimum(
        (n_proposals * (max_proposals * float(len(videos)) / max(len(predicted), 1))).astype(int), n_proposals
    )
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
    """Return the average recall (AR) at an average number (AN) of 1 to ``max_proposals`` proposals per video.

    AR(AN) = mean over tIoU of (truths with a proposal of at least that tIoU among the first ones of their video) /
    (all truths). Predictions are proposals: neither label nor person has to match, and one may recall several truths.
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


def _by_label(code: np.ndarray, rows: np.ndarray, n_labels: int) -> list[np.ndarray]:
    """Split ``rows`` by label number ``code`` (-1: in no part), keeping their order."""
    order = np.argsort(code, kind="stable")
    return np.split(rows[order], np.searchsorted(code[order], np.arange(n_labels + 1)))[1:-1]
