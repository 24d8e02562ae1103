"""Count what each unit of the bootstrap adds to each metric, so that a resample or a swap of units is a matrix product.

Counts are made once from the events of one annotator and one detector: arrays whose last axis is the unit, and rankings. A
metric is a function of the counts under weights of the units. To mix two detectors, unit by unit, is to put their counts
side by side (``merge_rankings``) and to weight the units of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    mean_defined,
    overlaps,
    ranking,
    ratio,
    take_ranked,
)
from kinesics.metrics.sequence_metrics import edits, jaccard
from kinesics.metrics.tubes import (
    FRAME_IOU,
    TUBE_IOUS,
    EventsAndTubes,
    frame_boxes,
    match_boxes,
    match_tubes,
    select_events,
)

F1_TIOUS = (0.3, 0.5)
SPATIAL_TIOU = 0.3
#: Of the label that is predicted for a true event, and of whether a score counts as right.
ANSWER_TIOU = 0.5
AR_AT = (10, 100)
#: The default measures of ``count_events``.
MEASURES: dict[str, Any] = {
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
Counts = dict[str, np.ndarray]
Rankings = dict[str, tuple[Ranked, Sequence[float]]]


class EvaluationSet(NamedTuple):
    """The videos that are scored, their units, and the labels that are judged."""

    labels: list[str]
    durations: dict[str, float]
    units: Units

    def unit(self, events: pd.DataFrame) -> np.ndarray:
        """Return the unit of each event, that of its middle: int (N,)."""
        middle = (events["start_s"] + events["end_s"]).to_numpy() / 2
        return self.units.of_times(events["video"].to_numpy(), middle)


class MetricCounts(NamedTuple):
    """Counts by name, the last axis the unit; rankings by the name of their metric; what each metric counts."""

    counts: Counts
    ranked: Rankings
    n: Counts  # the last axis is again the unit
    of_videos: bool  # every unit is a whole video: measures of whole sequences can be resampled


@dataclass(frozen=True)
class JudgedEvents:
    """The true and the predicted events whose labels are judged, with the number of each one's label and its unit."""

    truth: pd.DataFrame
    predicted: pd.DataFrame
    labels: tuple[np.ndarray, np.ndarray]  # of the truth (N,) and of the predictions (P,)
    units: tuple[np.ndarray, np.ndarray]
    shape: tuple[int, int]  # the numbers of labels and of units
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray]  # of ``overlaps``, at the lowest threshold
    match_person: bool

    def match(self, tiou: float) -> np.ndarray:
        """Return ``match_events`` at a threshold."""
        t, p, iou = self.pairs
        keep = iou >= tiou
        return match_pairs((t[keep], p[keep], iou[keep]), len(self.truth), len(self.predicted))

    def count_true(self, rows: np.ndarray | slice = np.s_[:], amount: np.ndarray | None = None) -> np.ndarray:
        """Count true events, or add up an amount of each, per label and unit; the sum over labels first: (1 + L, U)."""
        return self.count(self.labels[0][rows], self.units[0][rows], amount)

    def count_predicted(self, rows: np.ndarray | slice = np.s_[:]) -> np.ndarray:
        """Count predicted events per label and unit; the sum over labels first: (1 + L, U)."""
        return self.count(self.labels[1][rows], self.units[1][rows])

    def count(self, label: np.ndarray, unit: np.ndarray, amount: np.ndarray | None = None) -> np.ndarray:
        """Count labels and units (N,), or add up amounts (N,); the sum over labels first: (1 + L, U)."""
        sums = np.bincount(label * self.shape[1] + unit, amount, self.shape[0] * self.shape[1]).reshape(self.shape)
        return np.concatenate([sums.sum(0, keepdims=True), sums])

    def per_unit(self, unit: np.ndarray, amount: np.ndarray) -> np.ndarray:
        """Add up amounts (K, N) per unit: (K, U)."""
        return np.array([np.bincount(unit, row, self.shape[1]) for row in amount]).reshape(len(amount), self.shape[1])


def metric_name(metric: str, threshold: float) -> str:
    """Return the name of a metric at a threshold, which is given in percent."""
    return f"{metric}_{100 * threshold:g}"


def count_events(  # noqa: PLR0913 - keyword-only settings
    evaluation_set: EvaluationSet,
    truth: EventsAndTubes,
    predicted: EventsAndTubes,
    *,
    f1_tious: Sequence[float],
    map_tious: Sequence[float],
    tube_ious: Sequence[float],
    rate_hz: float,
    match_person: bool,
) -> MetricCounts:
    """Count two sorted events tables; where both have tubes, also in space. Errors are those of ``score``."""
    tables = [events if match_person else events.assign(person=0) for events, _ in (truth, predicted)]
    labels, units = evaluation_set.labels, evaluation_set.units
    frames = frame_counts(tables[0], tables[1], evaluation_set.durations, labels, rate_hz, units)
    kept = [events["label"].isin(labels).to_numpy() for events in tables]
    check_tious(*f1_tious, *(map_tious or (np.nan,)))
    least = min(*f1_tious, *map_tious, SPATIAL_TIOU, ANSWER_TIOU)
    judged = _judge(evaluation_set, tables, kept, least, match_person)
    # Whether a prediction with a score is right is decided at a threshold that need not be one of map_tious.
    *taken, hit = take_ranked(judged.pairs, ranking(judged.predicted), len(judged.truth), (*map_tious, ANSWER_TIOU))
    counts: Counts = {"true": judged.count_true(), "frames": np.moveaxis(frames, 1, -1)}
    n: Counts = {"kappa": np.broadcast_to(frames[:1].sum((0, 2, 3)), (1 + len(labels), len(units)))}
    first_units = np.array([of_video[0] for of_video in units.of_video.values()], int)
    for more, n_more in (
        _count_matches(judged, f1_tious),
        _count_box_overlaps(judged),
        _count_answers(judged),
        _count_scores(judged, hit),
        _count_proposals(judged),
        _count_sequences(judged, frames, dict(zip(units.of_video, first_units.tolist(), strict=True))),
    ):
        counts |= more
        n |= n_more
    ranked: Rankings = {"map": (_rank(judged, np.array(taken)), tuple(map_tious))}
    n |= dict.fromkeys(["map", *(metric_name("map", tiou) for tiou in map_tious)], counts["true"])
    if truth[1] is not None and predicted[1] is not None:
        tubes = select_events(truth[1], kept[0]), select_events(predicted[1], kept[1])
        rankings, n_tubes = _rank_tubes(judged, tubes, tube_ious, rate_hz)
        ranked |= rankings
        n |= n_tubes
    return MetricCounts(counts, ranked, n, len(units) == len(units.of_video))


def _judge(
    evaluation_set: EvaluationSet,
    tables: Sequence[pd.DataFrame],
    kept: Sequence[np.ndarray],
    least_tiou: float,
    match_person: bool,
) -> JudgedEvents:
    """Return the events to keep, bool (N,) and (P,), with their labels, units and overlaps of at least ``least_tiou``."""
    truth, predicted = (events[keep].reset_index(drop=True) for events, keep in zip(tables, kept, strict=True))
    numbers = pd.Index(evaluation_set.labels)
    return JudgedEvents(
        truth,
        predicted,
        (numbers.get_indexer(truth["label"]), numbers.get_indexer(predicted["label"])),
        (evaluation_set.unit(truth), evaluation_set.unit(predicted)),
        (len(numbers), len(evaluation_set.units)),
        overlaps(truth, predicted, least_tiou, match_person),
        match_person,
    )


def _count_matches(judged: JudgedEvents, tious: Sequence[float]) -> tuple[Counts, Counts]:
    counts: Counts = {}
    n: Counts = {}
    n_truth, n_predicted = judged.count_true(), judged.count_predicted()
    for tiou in tious:
        matched = judged.match(tiou)
        hit = matched >= 0
        false = np.ones(len(judged.predicted), bool)
        false[matched[hit]] = False
        counts[metric_name("tp", tiou)] = judged.count_true(hit)
        counts[metric_name("fn", tiou)] = judged.count_true(~hit)
        counts[metric_name("fp", tiou)] = judged.count_predicted(false)
        of = {"f1": n_truth, "f1_macro": n_truth, "precision": n_predicted, "recall": n_truth}
        n |= {metric_name(metric, tiou): number for metric, number in of.items()}
    return counts, n


def _count_box_overlaps(judged: JudgedEvents) -> tuple[Counts, Counts]:
    iou = matched_box_iou(judged.truth, judged.predicted, judged.match(SPATIAL_TIOU))
    boxed = np.isfinite(iou)
    counts = {"boxed": judged.count_true(boxed), "box_iou": judged.count_true(boxed, iou[boxed])}
    return counts, {"spatial_iou": counts["boxed"]}


def _count_answers(judged: JudgedEvents) -> tuple[Counts, Counts]:
    of_truth, of_predicted = judged.labels
    answer = label_predictions(judged.truth, judged.predicted, ANSWER_TIOU, judged.match_person)
    answered = answer >= 0
    label = np.where(answered, of_predicted[answer] if len(of_predicted) else -1, -1)
    counts = {
        "correct": judged.count_true(label == of_truth)[1:],
        "answered": judged.count(label[answered], judged.units[0][answered])[1:],
    }
    return counts, dict.fromkeys(["war", "uar", "weighted_f1"], judged.count_true()[:1])


def _count_scores(judged: JudgedEvents, hit: np.ndarray) -> tuple[Counts, Counts]:
    """Count scores by bin, and moments of the scores of matched pairs; ``hit`` (P,) is the truth of each prediction or -1."""
    score = judged.predicted["score"].to_numpy()
    n_ece = judged.count_predicted()[:1]
    try:
        bins = score_bins(score)
    except KinesicsError:  # other metrics need no probabilities: this one is then undefined
        bins, n_ece = np.full(len(score), -1), np.zeros((1, judged.shape[1]))
    held = bins == np.arange(BINS)[:, None]  # (bins, P)
    amounts = np.concatenate([held, held * score, held & (hit >= 0)])
    right = hit >= 0
    pairs = moments(judged.truth["score"].to_numpy()[hit[right]], score[right])
    counts = {
        "bins": judged.per_unit(judged.units[1], amounts).reshape(3, BINS, judged.shape[1]),
        "moments": judged.per_unit(judged.units[0][hit[right]], pairs),
    }
    return counts, {"ece": n_ece, "ccc": counts["moments"][:1]}


def _count_proposals(judged: JudgedEvents) -> tuple[Counts, Counts]:
    first, number = first_proposals(judged.truth, judged.predicted, ANET_TIOUS, MAX_PROPOSALS)
    recalled = np.zeros((MAX_PROPOSALS, len(judged.truth)))
    for row, at in zip(recalled, number.T, strict=True):
        row[:] = (first < at[:, None]).mean(1)
    n = dict.fromkeys([*(f"ar_{at}" for at in AR_AT), "ar_auc"], judged.count_true()[:1])
    return {"recalled": judged.per_unit(judged.units[0], recalled)}, n


def _count_sequences(judged: JudgedEvents, frames: np.ndarray, first_unit: Mapping[str, int]) -> tuple[Counts, Counts]:
    """Count edits and Jaccard indices of whole videos, from ``frame_counts``, in the first unit of each."""
    sequence = edits(judged.truth, judged.predicted)
    unit = sequence.index.get_level_values("video").map(first_unit).to_numpy(int)
    counts = {"edits": judged.per_unit(unit, sequence.to_numpy().T), "jaccard": np.zeros((2, judged.shape[1]))}
    firsts = list(first_unit.values())
    index = jaccard(np.add.reduceat(frames, firsts, axis=1)) if firsts else np.zeros(0)
    counts["jaccard"][:, firsts] = np.stack([np.nan_to_num(index), np.isfinite(index)])
    n_sequences = judged.per_unit(unit, (sequence["length"] > 0).to_numpy()[None])
    return counts, {"levenshtein": n_sequences, "mean_jaccard": counts["jaccard"][1:]}


def _rank(judged: JudgedEvents, taken: np.ndarray) -> Ranked:
    return rank_predictions(*judged.labels, ranking(judged.predicted), taken, judged.units, judged.shape)


def _rank_tubes(
    judged: JudgedEvents, tubes: tuple[pd.DataFrame, pd.DataFrame], ious: Sequence[float], rate_hz: float
) -> tuple[Rankings, Counts]:
    """Rank predictions by their tubes, and the boxes of single frames, each with the score of its event."""
    of_truth, of_predicted = (judged.truth, tubes[0]), (judged.predicted, tubes[1])
    ranked: Rankings = {"tube_map": (_rank(judged, match_tubes(*of_truth, *of_predicted, ious, rate_hz)), tuple(ious))}
    n = dict.fromkeys(["tube_map", *(metric_name("tube_map", iou) for iou in ious)], judged.count_true())
    true, predictions = (frame_boxes(*of, rate_hz) for of in (of_truth, of_predicted))
    t, p = true["event"].to_numpy(), predictions["event"].to_numpy()
    (of_t, of_p), (unit_t, unit_p) = judged.labels, judged.units
    of_boxes = rank_predictions(
        of_t[t], of_p[p], ranking(predictions), match_boxes(true, predictions), (unit_t[t], unit_p[p]), judged.shape
    )
    ranked["frame_map"] = of_boxes, (FRAME_IOU,)
    n[metric_name("frame_map", FRAME_IOU)] = judged.count_true(t)
    return ranked, n


def apply_threshold(of_all: MetricCounts, of_decisions: MetricCounts) -> MetricCounts:
    """Return the counts of all events for the ranking metrics, and those of the decisions alone for the others."""
    n = {key: (of_all if key.startswith(RANKING) else of_decisions).n[key] for key in of_all.n}
    counts = of_decisions.counts | {key: of_all.counts[key] for key in RANKING_COUNTS}
    return MetricCounts(counts, of_all.ranked, n, of_all.of_videos)


def merge_rankings(first: MetricCounts, second: MetricCounts) -> MetricCounts:
    """Put the units of the second detector after those of the first; ``n`` is that of the first."""
    counts = {key: np.concatenate([value, second.counts[key]], -1) for key, value in first.counts.items()}
    ranked = {
        key: (merge_ranked(value, second.ranked[key][0]), thresholds)
        for key, (value, thresholds) in first.ranked.items()
    }
    return MetricCounts(counts, ranked, first.n, first.of_videos)


def compute_metrics(of: MetricCounts, weights: np.ndarray) -> Samples:
    """Return each metric under each column of weights (U, B): (1 + L, B), all labels first; (1, B) if it has no labels."""
    c = {key: value @ weights for key, value in of.counts.items()}
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
        values |= {metric_name(key, threshold): row for threshold, row in zip(thresholds, ap, strict=True)}
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
