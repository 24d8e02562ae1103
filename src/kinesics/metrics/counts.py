"""Count what each unit of footage adds to each metric, so that a resample or a swap of units costs one matrix product.

Counting is done once per pair of true and predicted events: counts whose last axis is the unit, and rankings. A metric
is a function of the counts under weights of the units; to mix two detectors unit by unit, their counts are put side by
side (``merge``) and the units of both are weighted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.agreement import RATE_HZ, cohen_kappa, frame_counts
from kinesics.metrics.average_precision import (
    ANET_TIOUS,
    MAX_PROPOSALS,
    Ranked,
    first_proposals,
    merge_ranked,
    rank_predictions,
    ranked_ap,
    recall_auc,
)
from kinesics.metrics.bootstrap import Units
from kinesics.metrics.calibration import BINS, calibration_error, concordance, moments, score_bins
from kinesics.metrics.classification import label_predictions, uar, war, weighted_f1
from kinesics.metrics.matching import (
    MAP_TIOUS,
    check_tious,
    f1_score,
    match_pairs,
    matched_box_iou,
    overlaps,
    ranking,
    ratio,
    take_ranked,
)
from kinesics.metrics.sequence_metrics import edits, jaccard
from kinesics.metrics.tubes import FRAME_IOU, TUBE_IOUS, frame_boxes, match_boxes, match_tubes, select_events

F1_TIOUS = (0.3, 0.5)
SPATIAL_TIOU = 0.3
ANSWER_TIOU = 0.5
AR_AT = (10, 100)
#: Default settings of ``count_events``.
MEASURES = {
    "f1_tious": F1_TIOUS,
    "map_tious": MAP_TIOUS,
    "tube_ious": TUBE_IOUS,
    "rate_hz": RATE_HZ,
    "match_person": True,
}

#: Metrics, by the beginning of their names, that judge how events are ranked, and the counts that only these use.
RANKING = ("map", "tube_map", "frame_map", "ar_", "ece", "ccc")
RANKING_COUNTS = ("bins", "moments", "recalled")

Samples = dict[str, np.ndarray]


class EvaluationSet(NamedTuple):
    """The videos that are scored, cut into units, and the labels that are judged."""

    labels: list[str]
    durations: dict[str, float]
    units: Units

    def unit(self, events: pd.DataFrame) -> np.ndarray:
        """Return the unit of each event, that of its middle: int (N,)."""
        middle = (events["start_s"] + events["end_s"]).to_numpy() / 2
        return self.units.of_times(events["video"].to_numpy(), middle)


class MetricCounts(NamedTuple):
    """Counts by name, the last axis the unit; rankings by the name of their metric; what each metric counts."""

    counts: dict[str, np.ndarray]
    ranked: dict[str, tuple[Ranked, Sequence[float]]]
    n: dict[str, np.ndarray]  # the last axis is again the unit
    of_videos: bool  # every unit is a whole video: measures of whole sequences can be resampled


def metric_name(metric: str, threshold: float) -> str:
    """Return the name of a metric at a threshold, which is given in percent."""
    return f"{metric}_{100 * threshold:g}"


@dataclass(frozen=True)
class _Sums:
    """Sums over events, per label and unit."""

    n_labels: int
    n_units: int

    def by_label(self, label: np.ndarray, unit: np.ndarray, amount: np.ndarray | None = None) -> np.ndarray:
        """Add up per label and unit, with the sum over labels first: (1 + L, U)."""
        sums = np.bincount(label * self.n_units + unit, amount, self.n_labels * self.n_units)
        sums = sums.reshape(self.n_labels, self.n_units)
        return np.concatenate([sums.sum(0, keepdims=True), sums])

    def by_unit(self, unit: np.ndarray, amount: np.ndarray) -> np.ndarray:
        """Add up amounts (..., N) per unit: (..., U)."""
        of = amount.shape[:-1]
        rows = np.reshape(amount, (int(np.prod(of)), len(unit)))
        return np.array([np.bincount(unit, row, self.n_units) for row in rows]).reshape(*of, self.n_units)


@dataclass(frozen=True)
class _Pair:
    """A true and a predicted table of events with the index of each event's label and unit, and sums of the same size."""

    truth: pd.DataFrame
    predicted: pd.DataFrame
    label_t: np.ndarray
    label_p: np.ndarray
    unit_t: np.ndarray
    unit_p: np.ndarray
    sums: _Sums

    @property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        return self.unit_t, self.unit_p


_Parts = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]  # counts, and the numbers of what is counted


def count_events(  # noqa: PLR0913 - keyword-only settings
    footage: EvaluationSet,
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    truth_tubes: pd.DataFrame | None = None,
    predicted_tubes: pd.DataFrame | None = None,
    *,
    f1_tious: Sequence[float],
    map_tious: Sequence[float],
    tube_ious: Sequence[float],
    rate_hz: float,
    match_person: bool,
) -> MetricCounts:
    """Count the events of two sorted tables; with the tubes of both, also in space. Errors are those of ``score``."""
    if not match_person:
        truth, predicted = truth.assign(person=0), predicted.assign(person=0)
    labels, shape = footage.labels, (len(footage.labels), len(footage.units))
    frames = frame_counts(truth, predicted, footage.durations, labels, rate_hz, footage.units)
    judged = [table["label"].isin(labels).to_numpy() for table in (truth, predicted)]
    truth, predicted = (
        table[keep].reset_index(drop=True) for table, keep in zip((truth, predicted), judged, strict=True)
    )
    label_t, label_p = (pd.Index(labels).get_indexer(table["label"]) for table in (truth, predicted))
    pair = _Pair(truth, predicted, label_t, label_p, footage.unit(truth), footage.unit(predicted), _Sums(*shape))
    n_truth = pair.sums.by_label(label_t, pair.unit_t)
    counts, n = {"true": n_truth, "frames": np.moveaxis(frames, 1, -1)}, {}

    def extend(parts: _Parts) -> None:
        counts.update(parts[0])
        n.update(parts[1])

    check_tious(*f1_tious, *(map_tious or (np.nan,)))
    t, p, iou = overlaps(truth, predicted, min(*f1_tious, *map_tious, SPATIAL_TIOU, ANSWER_TIOU), match_person)

    def match(tiou: float) -> np.ndarray:
        """Return ``match_events`` at a threshold."""
        keep = iou >= tiou
        return match_pairs((t[keep], p[keep], iou[keep]), len(truth), len(predicted))

    for tiou in f1_tious:
        extend(_count_matches(pair, match(tiou), tiou, n_truth))

    ranked_rows = ranking(predicted)
    # Whether a prediction with a score is right is decided at a threshold that need not be one of map_tious.
    *taken, hit = take_ranked((t, p, iou), ranked_rows, len(truth), (*map_tious, ANSWER_TIOU))
    of_events = rank_predictions(label_t, label_p, ranked_rows, np.array(taken), pair.units, shape)
    ranked = {"map": (of_events, tuple(map_tious))}
    n |= dict.fromkeys(["map", *(metric_name("map", tiou) for tiou in map_tious)], n_truth)
    n["kappa"] = np.broadcast_to(frames[:1].sum((0, 2, 3)), (1 + shape[0], shape[1]))

    extend(_count_boxes(pair, match(SPATIAL_TIOU)))
    extend(_count_labels(pair, match_person, n_truth))
    extend(_count_scores(pair, hit))
    extend(_count_proposals(pair, n_truth))
    extend(_count_sequences(pair, footage, frames))

    if truth_tubes is not None and predicted_tubes is not None:
        tubes = [select_events(table, keep) for table, keep in zip((truth_tubes, predicted_tubes), judged, strict=True)]
        taken = match_tubes(truth, tubes[0], predicted, tubes[1], tube_ious, rate_hz)
        of_tubes = rank_predictions(label_t, label_p, ranked_rows, taken, pair.units, shape)
        ranked["tube_map"] = of_tubes, tuple(tube_ious)
        n |= dict.fromkeys(["tube_map", *(metric_name("tube_map", iou) for iou in tube_ious)], n_truth)
        boxes = [frame_boxes(*table, rate_hz) for table in ((truth, tubes[0]), (predicted, tubes[1]))]
        event_t, event_p = (table["event"].to_numpy() for table in boxes)
        taken = match_boxes(*boxes)
        units = pair.unit_t[event_t], pair.unit_p[event_p]
        of_boxes = rank_predictions(label_t[event_t], label_p[event_p], ranking(boxes[1]), taken, units, shape)
        ranked["frame_map"] = of_boxes, (FRAME_IOU,)
        n[metric_name("frame_map", FRAME_IOU)] = pair.sums.by_label(label_t[event_t], units[0])
    return MetricCounts(counts, ranked, n, len(footage.units) == len(footage.units.of_video))


def _count_matches(pair: _Pair, matched: np.ndarray, tiou: float, n_truth: np.ndarray) -> _Parts:
    """Count true positives, false negatives and false positives of a matching at a temporal IoU."""
    hit = matched >= 0
    false = np.ones(len(pair.predicted), bool)
    false[matched[hit]] = False
    counts = {
        metric_name("tp", tiou): pair.sums.by_label(pair.label_t[hit], pair.unit_t[hit]),
        metric_name("fn", tiou): pair.sums.by_label(pair.label_t[~hit], pair.unit_t[~hit]),
        metric_name("fp", tiou): pair.sums.by_label(pair.label_p[false], pair.unit_p[false]),
    }
    n_predicted = pair.sums.by_label(pair.label_p, pair.unit_p)
    of = {"f1": n_truth, "f1_macro": n_truth, "precision": n_predicted, "recall": n_truth}
    return counts, {metric_name(metric, tiou): number for metric, number in of.items()}


def _count_boxes(pair: _Pair, matched: np.ndarray) -> _Parts:
    """Add up the IoU of the boxes of matched events."""
    fit = matched_box_iou(pair.truth, pair.predicted, matched)
    boxed = np.isfinite(fit)
    counts = {
        "boxed": pair.sums.by_label(pair.label_t[boxed], pair.unit_t[boxed]),
        "box_iou": pair.sums.by_label(pair.label_t[boxed], pair.unit_t[boxed], fit[boxed]),
    }
    return counts, {"spatial_iou": counts["boxed"]}


def _count_labels(pair: _Pair, match_person: bool, n_truth: np.ndarray) -> _Parts:
    """Count which label is predicted for each true event."""
    answer = label_predictions(pair.truth, pair.predicted, ANSWER_TIOU, match_person)
    answered = answer >= 0
    outputs = np.where(answered, pair.label_p[answer] if len(pair.label_p) else -1, -1)
    right = outputs == pair.label_t
    counts = {
        "correct": pair.sums.by_label(pair.label_t[right], pair.unit_t[right])[1:],
        "answered": pair.sums.by_label(outputs[answered], pair.unit_t[answered])[1:],
    }
    return counts, dict.fromkeys(["war", "uar", "weighted_f1"], n_truth[:1])


def _count_scores(pair: _Pair, hit: np.ndarray) -> _Parts:
    """Count scores per bin of calibration, and the moments of the scores of matched events."""
    score = pair.predicted["score"].to_numpy()
    n = {"ece": pair.sums.by_label(pair.label_p, pair.unit_p)[:1]}
    try:
        bins = score_bins(score)
    except KinesicsError:  # other metrics need no probabilities: this one is then undefined
        bins, n["ece"] = np.full(len(score), -1), np.zeros((1, pair.sums.n_units))
    held = bins == np.arange(BINS)[:, None]  # (bins, P)
    matched = hit >= 0
    moments_of = moments(pair.truth["score"].to_numpy()[hit[matched]], score[matched])
    counts = {
        "bins": pair.sums.by_unit(pair.unit_p, np.stack([held, held * score, held & matched])),
        "moments": pair.sums.by_unit(pair.unit_t[hit[matched]], moments_of),
    }
    n["ccc"] = counts["moments"][:1]
    return counts, n


def _count_proposals(pair: _Pair, n_truth: np.ndarray) -> _Parts:
    """Add up the recall of true events by numbers of proposals."""
    first, number = first_proposals(pair.truth, pair.predicted, ANET_TIOUS, MAX_PROPOSALS)
    recalled = np.zeros((MAX_PROPOSALS, 0))
    if len(pair.truth):
        recalled = np.stack([(first < at[:, None]).mean(1) for at in number.T])
    counts = {"recalled": pair.sums.by_unit(pair.unit_t, recalled)}  # (AN, U)
    return counts, dict.fromkeys([*(f"ar_{at}" for at in AR_AT), "ar_auc"], n_truth[:1])


def _count_sequences(pair: _Pair, footage: EvaluationSet, frames: np.ndarray) -> _Parts:
    """Count edits of label sequences and add up Jaccard indices: measures of whole videos, in their first units."""
    firsts = {video: units[0] for video, units in footage.units.of_video.items()}
    sequence = edits(pair.truth, pair.predicted)
    unit = sequence.index.get_level_values("video").map(firsts).to_numpy(int)
    ends = list(firsts.values())
    index = jaccard(np.add.reduceat(frames, ends, axis=1)) if ends else np.zeros(0)
    indices = np.zeros((2, pair.sums.n_units))
    indices[:, ends] = np.stack([np.nan_to_num(index), np.isfinite(index)])
    counts = {"edits": pair.sums.by_unit(unit, sequence.to_numpy().T), "jaccard": indices}
    n_sequences = pair.sums.by_unit(unit, (sequence["length"] > 0).to_numpy())[None]
    return counts, {"levenshtein": n_sequences, "mean_jaccard": counts["jaccard"][1:]}


def apply_threshold(of_all: MetricCounts, of_sure: MetricCounts) -> MetricCounts:
    """Return what the ranking metrics count of all events, and the others of the sure ones alone."""
    n = {key: (of_all if key.startswith(RANKING) else of_sure).n[key] for key in of_all.n}
    counts = of_sure.counts | {key: of_all.counts[key] for key in RANKING_COUNTS}
    return MetricCounts(counts, of_all.ranked, n, of_all.of_videos)


def merge_rankings(first: MetricCounts, second: MetricCounts) -> MetricCounts:
    """Put the units of the second tally after those of the first; ``n`` is that of the first."""
    counts = {key: np.concatenate([value, second.counts[key]], -1) for key, value in first.counts.items()}
    ranked = {
        key: (merge_ranked(value, second.ranked[key][0]), thresholds)
        for key, (value, thresholds) in first.ranked.items()
    }
    return MetricCounts(counts, ranked, first.n, first.of_videos)


def compute_metrics(of: MetricCounts, weights: np.ndarray) -> Samples:
    """Return each metric under each column of weights (U, B): (1 + L, B), all labels first; (1, B) if it has no labels."""
    c: Mapping[str, np.ndarray] = {key: value @ weights for key, value in of.counts.items()}
    values: Samples = {}
    for key in of.counts:
        if key.startswith("tp_"):
            at = key.removeprefix("tp_")
            tp, fp, fn = (c[f"{kind}_{at}"] for kind in ("tp", "fp", "fn"))
            f1 = f1_score(tp, fp, fn)
            values[f"f1_{at}"] = f1
            values[f"f1_macro_{at}"] = mean_defined(f1[1:], 0)[None]
            values[f"precision_{at}"] = ratio(tp, tp + fp)
            values[f"recall_{at}"] = ratio(tp, tp + fn)
    for key, (ranked, thresholds) in of.ranked.items():
        ap = ranked_ap(ranked, weights).reshape(len(thresholds), -1, weights.shape[1])
        ap = np.concatenate([mean_defined(ap, 1)[:, None], ap], 1)  # (T, 1 + L, B)
        if key != "frame_map":
            values[key] = mean_defined(ap, 0)
        values |= {metric_name(key, threshold): one for threshold, one in zip(thresholds, ap, strict=True)}
    kappa = cohen_kappa(np.moveaxis(c["frames"], -1, 1))
    values["kappa"] = np.concatenate([mean_defined(kappa, 0)[None], kappa])
    values["spatial_iou"] = ratio(c["box_iou"], c["boxed"])
    correct, support, answered = (np.moveaxis(part, 0, -1) for part in (c["correct"], c["true"][1:], c["answered"]))
    values["war"] = war(correct, support)[None]
    values["uar"] = uar(correct, support)[None]
    values["weighted_f1"] = weighted_f1(correct, support, answered)[None]
    values["ece"] = calibration_error(*c["bins"])[None]
    values["ccc"] = concordance(c["moments"])[None]
    recall = ratio(c["recalled"], c["true"][0])  # (AN, B)
    values |= {f"ar_{at}": recall[at - 1][None] for at in AR_AT}
    values["ar_auc"] = recall_auc(recall)[None]
    values["levenshtein"] = 1 - ratio(*c["edits"])[None]
    values["mean_jaccard"] = ratio(*c["jaccard"])[None]
    if not of.of_videos:
        for key in ("levenshtein", "mean_jaccard"):
            values[key][:, 1:] = np.nan  # a block of a video is no sequence
    return values


def mean_defined(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean over the values that are not NaN; NaN where there is none."""
    return ratio(np.nansum(values, axis), np.isfinite(values).sum(axis))
