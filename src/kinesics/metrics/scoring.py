"""Score a detector's events against one or more annotators: every metric, with intervals, ready for JSON.

Metrics, all over the same labels (the number in a name is the IoU threshold in percent):

- ``f1_30, f1_50``: event F1, micro: true and false positives pooled over labels; ``precision_*``, ``recall_*`` likewise
- ``f1_macro_30, f1_macro_50``: event F1, the mean over the labels that were true or predicted
- ``map_30 .. map_70``, ``map``: mean average precision over the labels that were true, and its mean over thresholds;
  of one label: ``ap_30 .. ap_70``, ``ap``
- ``kappa``: frame-wise Cohen's kappa, the mean over the labels that were true or predicted
- ``spatial_iou``: mean IoU of the boxes of the events matched at tIoU 0.3
- with tubes ``tube_map_20, tube_map_50``, ``tube_map`` (their mean) and ``frame_map_50``: mAP of tubes and of the boxes of
  single frames (``tubes``), whatever the person's number
- ``ar_10, ar_100, ar_auc``: average recall with 10 and 100 proposals per video, and the area under it;
  how many proposals each video may have is counted on all videos, also for a resample
- ``war, uar, weighted_f1``: of the label that is predicted for each true event (``classification.label_predictions``,
  tIoU 0.5)
- ``levenshtein, mean_jaccard``: of whole sequences (``sequence_metrics``); they have no interval if videos are cut into
  blocks
- ``ece``: expected calibration error of the scores, right being a true positive at tIoU 0.5; undefined if one is outside
  [0, 1]; ``ccc``: concordance of the scores of true and predicted events matched at tIoU 0.5, as of intensities

``n`` is what a metric counts: true events (F1, recall, AP, AR, WAR), predictions (precision, ECE), matched pairs with two
boxes (spatial IoU) or any (CCC), person-frames (kappa), boxes (frame mAP) or sequences (Levenshtein per video and
person, Jaccard per video), summed over annotators; with several seeds their mean.
"""

import itertools
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import (
    BLOCK_S,
    bootstrap_weights,
    percentile_interval,
)
from kinesics.metrics.counts import (
    MEASURES,
    EvaluationSet,
    MetricCounts,
    Samples,
    apply_threshold,
    compute_metrics,
    count_events,
)
from kinesics.metrics.inputs import Tables, prepare_tables
from kinesics.metrics.matching import mean_defined
from kinesics.metrics.tubes import EventsAndTubes, select_events

DIGITS = 6  # far finer than any interval, far coarser than the rounding in which processors differ
#: The metrics that ``format_report`` shows unless it is to show all.
SHORT = ("f1_30", "f1_50", "precision_50", "recall_50", "map", "kappa", "spatial_iou", "tube_map", "frame_map_50")

Thresholds = float | Mapping[str, float | Sequence[float | Mapping[str, float]]]


def score(  # noqa: PLR0913 - keyword-only settings
    truth: Tables,
    predicted: Tables,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    tubes: Mapping[str, Tables] | None = None,
    thresholds: Thresholds | None = None,
    clusters: Mapping[str, str] | None = None,
    block_s: float = BLOCK_S,
    resamples: int = 2000,
    seed: int = 0,
    **measures: Any,
) -> dict[str, Any]:
    """Return all metrics of ``predicted`` against ``truth``, a table or one per annotator, as a JSON-ready dict.

    ``predicted`` is likewise a table or one per seed of the detector. A metric is the mean of its values for each annotator
    and seed that define it; its interval is that of this mean on other videos, not that of other seeds. The agreement
    of two annotators is ``score(a, b)``: F1 and kappa are the same for ``score(b, a)`` (their intervals nearly, since a
    matched pair counts in the unit of its truth), precision and recall change places, AP ranks by the second's score.

    durations: seconds of each video, default the last event's end in any table; a video named here without events
    counts for kappa. labels: those to judge, default all that occur; a detector that can output a few is judged on those.
    tubes: the boxes of the events, ``{"truth": ..., "predicted": ...}``, as many as there are tables. thresholds:
    ``{"predicted": [one per table]}``, the scores from which on an event is a decision: those below count only for what
    judges the ranking (AP, AR, ECE, CCC), by default none is below; a table from several models has a mapping from videos
    to theirs, and a number alone holds for all. block_s: the length of a unit of the bootstrap, infinite for whole videos.
    clusters: of a video, such as its person: units of one cluster are drawn together, by default each alone. measures,
    with their defaults: f1_tious (0.3, 0.5), map_tious (0.3 to 0.7), tube_ious (0.2, 0.5), rate_hz 10 (of the frames that
    are compared), match_person True.

    Result: ``{labels, videos, units, n_truth: [per annotator], n_predicted, settings, metrics: {name: entry}, per_label:
    {label: {name: entry}}}`` with entry ``{value, low, high, n}``; n_predicted is the mean over seeds. low and high are
    the 95 % percentile interval of the cluster bootstrap (``bootstrap``) over the resamples in which the metric is
    defined. None stands for an undefined value, and for the ends of an interval if all events lie in one unit, which
    does not show their spread.

    Raises KinesicsError if a table is not an events table or tubes are not its tubes, there is no table, a duration is
    missing, an event starts after its video's end, or a label, threshold, rate or number is not one.
    """
    evaluation_set, tables = prepare_tables({"truth": truth, "predicted": predicted}, durations, labels, block_s, tubes)
    clustering = cluster_units(evaluation_set, clusters)
    weights = resample_weights(clustering, resamples, seed)
    counts = count_tables(evaluation_set, tables, "predicted", measures, thresholds)
    n_truth, n_predicted = (
        [int(events["label"].isin(evaluation_set.labels).sum()) for events, _ in tables[group]]
        for group in ("truth", "predicted")
    )
    settings: dict[str, Any] = {
        "resamples": resamples,
        "seed": seed,
        "block_s": block_s if np.isfinite(block_s) else None,
    }
    settings |= {key: list(value) if np.iterable(value) else value for key, value in (MEASURES | measures).items()}
    return {
        "labels": evaluation_set.labels,
        "videos": len(evaluation_set.durations),
        "units": int(evaluation_set.units.n_blocks.sum()),
        "n_truth": n_truth,
        "n_predicted": round(sum(n_predicted) / len(n_predicted)),
        "settings": settings,
        **summarise(evaluation_set, tables, counts, metric_samples(counts, weights), weights, clustering.cluster),
    }


class Clustering(NamedTuple):
    """The cluster of each unit, from 0 on, int (U,), and how many blocks a cluster has if each is one unit, else None."""

    cluster: np.ndarray
    n_blocks: np.ndarray | None

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max(initial=-1)) + 1


def cluster_units(evaluation_set: EvaluationSet, clusters: Mapping[str, str] | None) -> Clustering:
    """Return which units are drawn together: those of videos of one cluster, by default each alone."""
    units = evaluation_set.units
    if clusters is None:
        return Clustering(np.arange(len(units)), units.n_blocks)
    named = [str(clusters.get(video, video)) for video, of_video in units.of_video.items() for _ in of_video]
    return Clustering(np.unique(named, return_inverse=True)[1], None)


def resample_weights(clustering: Clustering, resamples: int, seed: int) -> np.ndarray:
    """Return the weights of the units in the data and in each resample of the clusters: (U, 1 + resamples)."""
    if resamples < 0:
        raise KinesicsError(f"resamples {resamples} is negative; 0 gives values without intervals")
    return bootstrap_weights(clustering.n_clusters, resamples, seed, clustering.n_blocks)[clustering.cluster]


def count_tables(
    evaluation_set: EvaluationSet,
    tables: Mapping[str, list[EventsAndTubes]],
    predicted: str,
    measures: dict[str, Any],
    thresholds: Thresholds | None = None,
) -> list[MetricCounts]:
    """Return the counts of each annotator and each seed of a group, the seeds of the first annotator first."""
    least = _thresholds_by_video(evaluation_set, tables, predicted, thresholds)
    counts: list[MetricCounts] = []
    for true, ((events, tubes), threshold) in itertools.product(
        tables["truth"], list(zip(tables[predicted], least, strict=True))
    ):
        of_all = count_events(evaluation_set, true, (events, tubes), **(MEASURES | measures))
        decided = (events["score"] >= events["video"].map(threshold)).to_numpy()
        if not decided.all():
            decisions = (
                events[decided].reset_index(drop=True),
                None if tubes is None else select_events(tubes, decided),
            )
            of_all = apply_threshold(of_all, count_events(evaluation_set, true, decisions, **(MEASURES | measures)))
        counts.append(of_all)
    return counts


def _thresholds_by_video(
    evaluation_set: EvaluationSet,
    tables: Mapping[str, list[EventsAndTubes]],
    predicted: str,
    thresholds: Thresholds | None,
) -> list[Mapping[str, float]]:
    """Return the threshold of each video for each table of a group."""
    groups = [group for group in tables if group != "truth"]
    given: Any = dict.fromkeys(groups, thresholds) if isinstance(thresholds, Real) else thresholds
    if not isinstance(given, Mapping | None):
        raise KinesicsError(f"thresholds {thresholds!r}: neither a number nor {{{predicted!r}: [a number per table]}}")
    by_group = cast("Mapping[str, Any]", given or {})
    if unknown := set(by_group) - set(groups):
        raise KinesicsError(f"thresholds of {min(unknown)!r}, but the predictions are {', '.join(groups)}")
    least: Any = by_group.get(predicted, -np.inf)
    least = [least] * len(tables[predicted]) if isinstance(least, Real) else least
    if len(least) != len(tables[predicted]):
        raise KinesicsError(
            f"{predicted} has {len(tables[predicted])} tables but {len(least)} thresholds: give one each"
        )
    by_video: list[Mapping[str, Any]] = [
        of if isinstance(of, Mapping) else dict.fromkeys(evaluation_set.durations, of) for of in least
    ]
    if missing := [video for of in by_video for video in evaluation_set.durations if video not in of]:
        raise KinesicsError(f"thresholds of {predicted}: video {missing[0]!r} has none")
    if odd := [one for of in by_video for one in of.values() if not isinstance(one, Real) or np.isnan(float(one))]:
        raise KinesicsError(f"threshold {odd[0]!r} of {predicted} is not a number")
    return by_video


def metric_samples(counts: Sequence[MetricCounts], weights: np.ndarray) -> Samples:
    """Return each metric's mean over counts, (1 + L, B) with all labels first, or (1, B) where it has no labels."""
    different, which = distinct_columns(weights)  # of few units, many draws are the same
    each = [compute_metrics(of, different) for of in counts]
    return {key: mean_defined(np.stack([values[key] for values in each]), 0)[:, which] for key in each[0]}


def distinct_columns(weights: np.ndarray, rows: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return ``np.unique(weights, axis=1, return_inverse=True)``, fast where the first ``rows`` tell all columns apart."""
    order = np.lexsort(weights[:rows][::-1]) if len(weights) else np.arange(0)
    first = weights[:rows, order]
    if len(weights) < rows or not (first[:, 1:] != first[:, :-1]).any(0).all():
        return np.unique(weights, axis=1, return_inverse=True)
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    return np.take(weights.T, order, axis=0).T, place


def summarise(
    evaluation_set: EvaluationSet,
    tables: Mapping[str, list[EventsAndTubes]],
    counts: Sequence[MetricCounts],
    values: Samples,
    weights: np.ndarray,
    cluster: np.ndarray,
    p: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Turn samples (1 + L, B) into ``metrics`` and ``per_label``; column 0 of the weights says which units are judged.

    What lies in one ``cluster`` (U,) alone has no interval.
    """
    judged = weights[:, 0]
    everything = pd.concat([events for group in tables.values() for events, _ in group])
    held = np.zeros((len(evaluation_set.labels), len(evaluation_set.units)), bool)
    label = pd.Index(evaluation_set.labels).get_indexer(everything["label"])
    unit = evaluation_set.unit(everything)
    kept = (label >= 0) & (judged[unit] > 0)
    held[label[kept], cluster[unit[kept]]] = True
    spread = np.concatenate([[held.any(0).sum() > 1], held.sum(1) > 1])
    summary: dict[str, Any] = {"metrics": {}, "per_label": {label: {} for label in evaluation_set.labels}}
    for key, sample in values.items():
        n = sum((of.n[key] @ judged for of in counts), np.zeros(())) * len(tables["truth"]) / len(counts)
        shown = spread[: len(sample)] & np.isfinite(sample[:, 0])
        low, high = (np.where(shown, end, np.nan) for end in percentile_interval(sample))
        entries = [
            {"value": _json(value), "low": _json(a), "high": _json(b), "n": round(number)}
            for value, a, b, number in zip(sample[:, 0], low, high, n[: len(sample)], strict=True)
        ]
        if p:
            entries = [entry | {"p": _json(one)} for entry, one in zip(entries, p[key], strict=True)]
        summary["metrics"][key] = entries[0]
        for label, entry in zip(evaluation_set.labels, entries[1:], strict=False):
            summary["per_label"][label][key.replace("map", "ap")] = entry
    return summary


def _json(value: float) -> float | None:
    return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0
