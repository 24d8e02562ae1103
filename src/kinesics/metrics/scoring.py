"""Every metric of a detector's events against one or more coders, with intervals, ready for JSON.

Metrics, all over the same labels (the number in a name is the IoU threshold in percent):

- ``f1_30, f1_50``: event F1, micro: true and false positives pooled over labels; ``precision_*``, ``recall_*`` likewise
- ``f1_macro_30, f1_macro_50``: event F1, the mean over the labels that were true or predicted
- ``map_30 .. map_70``, ``map``: mean average precision over the labels that were true, and its mean over thresholds;
  of one label: ``ap_30 .. ap_70``, ``ap``
- ``kappa``: frame-wise Cohen's kappa, the mean over the labels that were true or predicted
- ``spatial_iou``: mean IoU of the boxes of the events matched at tIoU 0.3
- with tubes ``tube_map_20, tube_map_50``, ``tube_map`` (their mean) and ``frame_map_50``: mAP of tubes and of the boxes of
  single frames (``tubes``), whatever the person's number
- ``ar_10, ar_100, ar_auc``: average recall with 10 and 100 proposals a video, and the area under it;
  how many proposals each video may have is counted on all footage, also for a resample
- ``war, uar, weighted_f1``: of the label that is given to each true event (``classification.answers``, tIoU 0.5)
- ``levenshtein, mean_jaccard``: of whole sequences (``sequences``); they have no interval if videos are cut into blocks
- ``ece``: expected calibration error of the scores, right being a true positive at tIoU 0.5; undefined if one is outside
  [0, 1]; ``ccc``: concordance of the scores of true and predicted events matched at tIoU 0.5, as of intensities

``n`` is what a metric counts: true events (F1, recall, AP, AR, WAR), predictions (precision, ECE), matched pairs with two
boxes (spatial IoU) or any (CCC), person-frames (kappa), boxes (frame mAP) or sequences (Levenshtein per video and
person, Jaccard per video), summed over coders; with several seeds their mean.
"""

import itertools
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

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
    mean_defined,
)
from kinesics.metrics.inputs import EventsAndTubes, Tables, prepare_tables
from kinesics.metrics.tubes import select_events

DIGITS = 6  # far finer than any interval, far coarser than the rounding in which processors differ
#: The metrics that ``to_text`` shows by default.
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
    """Return all metrics of ``predicted`` against ``truth``, a table or one a coder, as a JSON-ready dict.

    ``predicted`` is likewise a table or one a seed of the detector. A metric is the mean of its values for each coder
    and seed that define it; its interval is that of this mean on other footage, not that of other seeds. The agreement
    of two coders is ``score(a, b)``: F1 and kappa are the same for ``score(b, a)`` (their intervals nearly, since a
    matched pair counts in the unit of its truth), precision and recall change places, AP ranks by the second's score.

    durations: seconds of each video, default the last event's end in any table; a video named here without events
    counts for kappa. labels: those to judge, default all that occur; a detector with a smaller vocabulary is judged on it.
    tubes: the boxes of the events, ``{"truth": ..., "predicted": ...}``, as many as there are tables. thresholds:
    ``{"predicted": [one a table]}``, the scores from which on an event is a decision: those below count only for what judges
    the ranking (AP, AR, ECE, CCC), by default none is below; a table from several models has a mapping from videos to
    theirs, and a number alone holds for all. block_s: the length of a unit of the bootstrap, infinite for whole videos.
    clusters: of a video, such as its person: units of one cluster are drawn together, by default each alone. measures,
    with their defaults: f1_tious (0.3, 0.5), map_tious (0.3 to 0.7), tube_ious (0.2, 0.5), rate_hz 10 (of the frames that
    are compared), match_person True.

    Result: ``{labels, videos, units, n_truth: [per coder], n_predicted, settings, metrics: {name: entry}, per_label:
    {label: {name: entry}}}`` with entry ``{value, low, high, n}``; n_predicted is the mean over seeds. low and high are
    the 95 % percentile interval of the cluster bootstrap (``intervals``) over the resamples in which the metric is
    defined. None stands for an undefined value, and for the ends of an interval if all events lie in one unit, which
    says nothing of their spread.

    Raises KinesicsError if a table is not an events table or tubes are not its tubes, there is no table, a duration is
    missing, an event starts after its video's end, or a label, threshold, rate or number is not one.
    """
    footage, tables = prepare_tables({"truth": truth, "predicted": predicted}, durations, labels, block_s, tubes)
    of = cluster_ids(footage, clusters)
    weights = resample_weights(of, resamples, seed, footage.units.n_blocks if clusters is None else None)
    tallies = count_tables(footage, tables, "predicted", measures, thresholds)
    n_truth, n_predicted = (
        [int(events["label"].isin(footage.labels).sum()) for events, _ in tables[group]]
        for group in ("truth", "predicted")
    )
    settings = {"resamples": resamples, "seed": seed, "block_s": block_s if np.isfinite(block_s) else None}
    settings |= {
        key: list(value) if isinstance(value, tuple) else value for key, value in (MEASURES | measures).items()
    }
    return {
        "labels": footage.labels,
        "videos": len(footage.durations),
        "units": int(footage.units.n_blocks.sum()),
        "n_truth": n_truth,
        "n_predicted": round(sum(n_predicted) / len(n_predicted)),
        "settings": settings,
        **summarise(footage, tables, tallies, metric_samples(tallies, weights), weights, of),
    }


def cluster_ids(footage: EvaluationSet, clusters: Mapping[str, str] | None) -> np.ndarray:
    """Return the number of each unit's cluster, from 0 on: int (n_units,)."""
    if clusters is None:
        return np.arange(len(footage.units))
    named = [str(clusters.get(video, video)) for video, units in footage.units.of_video.items() for _ in units]
    return np.unique(named, return_inverse=True)[1]


def resample_weights(cluster: np.ndarray, resamples: int, seed: int, n_blocks: np.ndarray | None = None) -> np.ndarray:
    if resamples < 0:
        raise KinesicsError(f"resamples {resamples} is negative; 0 gives values without intervals")
    return bootstrap_weights(cluster.max(initial=-1) + 1, resamples, seed, n_blocks)[cluster]


def count_tables(
    footage: EvaluationSet,
    tables: Mapping[str, list[EventsAndTubes]],
    predicted: str,
    measures: dict[str, Any],
    thresholds: Thresholds | None = None,
) -> list[MetricCounts]:
    """Return a tally of each coder and each seed, the seeds of the first coder first."""
    groups = [group for group in tables if group != "truth"]
    if isinstance(thresholds, Real):
        thresholds = dict.fromkeys(groups, thresholds)
    if not isinstance(thresholds, Mapping | None):
        raise KinesicsError(f"thresholds {thresholds!r}: neither a number nor {{{predicted!r}: [a number a table]}}")
    if unknown := set(thresholds or {}) - set(groups):
        raise KinesicsError(f"thresholds of {min(unknown)!r}, but the predictions are {', '.join(groups)}")
    least = (thresholds or {}).get(predicted, -np.inf)
    least = [least] * len(tables[predicted]) if isinstance(least, Real) else least
    if len(least) != len(tables[predicted]):
        raise KinesicsError(
            f"{predicted} has {len(tables[predicted])} tables but {len(least)} thresholds: give one each"
        )
    least = [one if isinstance(one, Mapping) else dict.fromkeys(footage.durations, one) for one in least]
    if missing := [video for one in least for video in footage.durations if video not in one]:
        raise KinesicsError(f"thresholds of {predicted}: video {missing[0]!r} has none")
    if odd := [one for of in least for one in of.values() if not isinstance(one, Real) or np.isnan(one)]:
        raise KinesicsError(f"threshold {odd[0]!r} of {predicted} is not a number")
    tallies = []
    for (true, true_tubes), ((found, found_tubes), threshold) in itertools.product(
        tables["truth"], list(zip(tables[predicted], least, strict=True))
    ):
        of_all = count_events(footage, true, found, true_tubes, found_tubes, **(MEASURES | measures))
        sure = (found["score"] >= found["video"].map(threshold)).to_numpy()
        if not sure.all():
            few = found[sure].reset_index(drop=True), None if found_tubes is None else select_events(found_tubes, sure)
            of_all = apply_threshold(
                of_all, count_events(footage, true, few[0], true_tubes, few[1], **(MEASURES | measures))
            )
        tallies.append(of_all)
    return tallies


def metric_samples(tallies: Sequence[MetricCounts], weights: np.ndarray) -> Samples:
    """Return each metric's mean over tallies, (1 + L, B) with all labels first, or (1, B) where it has no labels."""
    different, which = distinct_columns(weights)  # of few units, many draws are the same
    each = [compute_metrics(of, different) for of in tallies]
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
    footage: EvaluationSet,
    tables: Mapping[str, list[EventsAndTubes]],
    tallies: Sequence[MetricCounts],
    values: Samples,
    weights: np.ndarray,
    cluster: np.ndarray,
    p: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Turn samples (1 + L, B) into ``metrics`` and ``per_label``; column 0 of the weights says which units are judged.

    What lies in one ``cluster`` (n_units,) alone has no interval.
    """
    judged = weights[:, 0]
    everything = pd.concat([events for group in tables.values() for events, _ in group])
    held = np.zeros((len(footage.labels), len(footage.units)), bool)
    label = pd.Index(footage.labels).get_indexer(everything["label"])
    unit = footage.unit(everything)
    mine = (label >= 0) & (judged[unit] > 0)
    held[label[mine], cluster[unit[mine]]] = True
    spread = np.concatenate([[held.any(0).sum() > 1], held.sum(1) > 1])
    summary: dict[str, Any] = {"metrics": {}, "per_label": {label: {} for label in footage.labels}}
    for key, sample in values.items():
        n = sum(of.n[key] @ judged for of in tallies) * len(tables["truth"]) / len(tallies)
        shown = spread[: len(sample)] & np.isfinite(sample[:, 0])
        low, high = (np.where(shown, end, np.nan) for end in percentile_interval(sample))
        entries = [
            {"value": _json(value), "low": _json(a), "high": _json(b), "n": round(number)}
            for value, a, b, number in zip(sample[:, 0], low, high, n[: len(sample)], strict=True)
        ]
        if p:
            entries = [entry | {"p": _json(one)} for entry, one in zip(entries, p[key], strict=True)]
        summary["metrics"][key] = entries[0]
        for label, entry in zip(footage.labels, entries[1:], strict=False):
            summary["per_label"][label][key.replace("map", "ap")] = entry
    return summary


def _json(value: float) -> float | None:
    return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0
