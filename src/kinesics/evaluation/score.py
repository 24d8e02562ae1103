"""Every metric of a predicted events table against one or more coders, with intervals, ready for JSON.

Metrics, all over the same labels (percent in a name is the tIoU threshold):

- ``f1_30, f1_50``: event F1, micro: true and false positives pooled over labels; ``precision_*``, ``recall_*`` likewise
- ``f1_macro_30, f1_macro_50``: event F1, the mean over the labels that were true or predicted
- ``map_30 .. map_70``, ``map``: mean average precision over the labels that were true, and the mean over thresholds;
  of one label: ``ap_30 .. ap_70``, ``ap``
- ``kappa``: frame-wise Cohen's kappa, the mean over labels
- ``spatial_iou``: mean IoU of the boxes of the events matched at tIoU 0.3

``n`` is what a metric counts: true events (F1, recall, AP), predictions (precision), matched pairs with two boxes
(spatial IoU) or person-frames (kappa), summed over coders.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics import KinesicsError
from kinesics.evaluation.detection import (
    MAP_TIOUS,
    ap_samples,
    f1_score,
    match_events,
    matched_box_iou,
    ratio,
    sorted_events,
)
from kinesics.evaluation.frames import RATE_HZ, cohen_kappa, frame_counts
from kinesics.evaluation.intervals import BLOCK_S, block_units, bootstrap_weights, percentile_interval, unit_of
from kinesics.events import check_events, empty_events, read_events
from kinesics.labels import LABELS

F1_TIOUS = (0.3, 0.5)
SPATIAL_TIOU = 0.3
DIGITS = 6  # of a value in the result: far below any interval, far above the rounding that differs between processors

Tables = pd.DataFrame | Sequence[pd.DataFrame]
Paths = str | Path | Sequence[str | Path]


def score(
    truth: Tables,
    predicted: pd.DataFrame,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    f1_tious: Sequence[float] = F1_TIOUS,
    map_tious: Sequence[float] = MAP_TIOUS,
    rate_hz: float = RATE_HZ,
    block_s: float = BLOCK_S,
    match_person: bool = True,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return all metrics of ``predicted`` against ``truth``, one events table or one a coder, as a JSON-ready dict.

    Against several coders a metric is the mean of its values against each one that defines it. The agreement of two coders
    is ``score(a, b)``; F1 and kappa are the same for ``score(b, a)``, precision and recall change places, and the AP ranks
    by b's confidence.

    durations: seconds of each video, default the last event's end in any table; a video named here without events
    counts for kappa. labels: those to judge, default all that occur; a detector that speaks of a few is judged on those.

    Result: ``{labels, videos, units, n_truth: [per coder], n_predicted, settings, metrics: {name: {value, low, high, n}},
    per_label: {label: {name: {value, low, high, n}}}}``. low and high are the 95 % percentile interval of the cluster
    bootstrap (``intervals``), over the resamples in which the metric is defined. None stands for an undefined value, and for
    an interval whose events all lie in one unit, which says nothing of their spread.

    Raises KinesicsError if a table is not an events table, there is no truth, a duration is missing, an event starts
    after its video's end, or a label, threshold or rate is not one.
    """
    study = _study(truth, [predicted], durations, labels, rate_hz, block_s)
    truths, (table,) = study["truths"], study["predicted"]
    weights = bootstrap_weights(study["n_units"], resamples, seed)
    settings = {"f1_tious": f1_tious, "map_tious": map_tious, "rate_hz": rate_hz, "match_person": match_person}
    values, counts = _samples(study, table, weights, **settings)
    spread = [_units_with_events([*truths, table], study, label) > 1 for label in [None, *study["labels"]]]
    settings |= {"f1_tious": list(f1_tious), "map_tious": list(map_tious), "resamples": resamples, "seed": seed}
    return {
        "labels": study["labels"],
        "videos": len(study["durations"]),
        "units": study["n_units"],
        "n_truth": [int(events["label"].isin(study["labels"]).sum()) for events in truths],
        "n_predicted": int(table["label"].isin(study["labels"]).sum()),
        "settings": settings | {"block_s": block_s if np.isfinite(block_s) else None},
        **_summary(values, counts, study["labels"], spread),
    }


def compare(
    truth: Tables,
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    f1_tious: Sequence[float] = F1_TIOUS,
    map_tious: Sequence[float] = MAP_TIOUS,
    rate_hz: float = RATE_HZ,
    block_s: float = BLOCK_S,
    match_person: bool = True,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the difference of each metric, ``first`` minus ``second``, paired: both are measured on the same resamples.

    Arguments and errors are those of ``score``; the result has its ``labels``, ``metrics`` and ``per_label``. An interval
    without 0 says that the detectors differ on this material; both tables' labels are judged unless ``labels`` is given.
    """
    study = _study(truth, [first, second], durations, labels, rate_hz, block_s)
    weights = bootstrap_weights(study["n_units"], resamples, seed)
    settings = {"f1_tious": f1_tious, "map_tious": map_tious, "rate_hz": rate_hz, "match_person": match_person}
    (a, counts), (b, _) = (_samples(study, table, weights, **settings) for table in study["predicted"])
    tables = [*study["truths"], *study["predicted"]]
    spread = [_units_with_events(tables, study, label) > 1 for label in [None, *study["labels"]]]
    difference = {name: a[name] - b[name] for name in a}
    return {"labels": study["labels"], **_summary(difference, counts, study["labels"], spread)}


def score_files(truth: Sequence[Paths], predicted: Paths, **settings: Any) -> dict[str, Any]:
    """Return ``score`` of events files: ``truth`` has one entry a coder, ``predicted`` is one table.

    An entry is a CSV file, a folder of them, or a list of both, read as one table. Settings are those of ``score``.
    Raises KinesicsError also if two files of one table name the same video, or no video is in both truth and prediction
    though both have events and no ``durations`` say which videos there are.
    """
    if isinstance(truth, (str, Path)):
        truth = [truth]
    truths, table = [_read(entry) for entry in truth], _read(predicted)
    seen, found = {video for events in truths for video in events["video"]}, set(table["video"])
    if seen and found and not seen & found and settings.get("durations") is None:
        raise KinesicsError(
            f"no video is in both truth and prediction: the truth has {', '.join(sorted(seen)[:3])}; "
            f"the prediction has {', '.join(sorted(found)[:3])}"
        )
    return score(truths, table, **settings)


def to_text(result: dict[str, Any]) -> str:
    """Return the result of ``score`` as two Markdown tables that also read well in a terminal: metrics, and labels."""
    head = [
        f"{result['videos']} videos in {result['units']} units; "
        f"true events {' and '.join(map(str, result['n_truth']))}, predicted {result['n_predicted']}",
        "",
    ]
    rows = [[name, _number(entry), _interval(entry), str(entry["n"])] for name, entry in result["metrics"].items()]
    tables = _markdown(["metric", "value", "95 % interval", "n"], rows)
    names = [f"f1_{_percent(tiou)}" for tiou in result["settings"]["f1_tious"]] + ["ap", "kappa", "spatial_iou"]
    rows = [
        [label, str(entry["ap"]["n"]), *(f"{_number(entry[name])} {_interval(entry[name])}".strip() for name in names)]
        for label, entry in result["per_label"].items()
    ]
    return "\n".join([*head, *tables, "", *_markdown(["label", "n", *names], rows)]) + "\n"


def _study(
    truth: Tables,
    predicted: list[pd.DataFrame],
    durations: Mapping[str, float] | None,
    labels: Sequence[str] | None,
    rate_hz: float,
    block_s: float,
) -> dict[str, Any]:
    """Check the input; return what all metrics share: truths, predicted, labels, durations, block_s, units, n_units."""
    truth = [truth] if isinstance(truth, pd.DataFrame) else list(truth)
    if not truth:
        raise KinesicsError("there is no truth: give at least one events table")
    if not 0 < rate_hz < np.inf:
        raise KinesicsError(f"rate_hz {rate_hz} is not above 0 Hz and finite")
    names = ["truth" if len(truth) == 1 else f"truth {i + 1}" for i in range(len(truth))]
    names += ["predicted" if len(predicted) == 1 else f"predicted {i + 1}" for i in range(len(predicted))]
    tables = [sorted_events(check_events(events, name)) for events, name in zip([*truth, *predicted], names, strict=True)]
    everything = pd.concat(tables)
    if durations is None:
        durations = everything.groupby("video")["end_s"].max().to_dict()
    for name, events in zip(names, tables, strict=True):
        if missing := sorted(set(events["video"]) - set(durations)):
            raise KinesicsError(f"{name}: video {missing[0]!r} has no duration; known are {', '.join(sorted(durations))}")
        end = events["video"].map(durations).astype(float)
        if (late := events["start_s"] >= end).any():
            event = events[late].iloc[0]
            raise KinesicsError(
                f"{name}: an event of {event.video!r} starts at {event.start_s} s; the video ends at {end[late].iloc[0]} s"
            )
    if labels is None:
        present = set(everything["label"])
        labels = [label for label in LABELS.index if label in present] + sorted(present - set(LABELS.index))
    if isinstance(labels, str) or len(set(labels)) != len(labels):
        raise KinesicsError(f"labels {labels!r} is not a list of different labels")
    units = block_units(durations, block_s)
    return {
        "truths": tables[: len(truth)],
        "predicted": tables[len(truth) :],
        "labels": list(labels),
        "durations": {video: float(durations[video]) for video in sorted(durations)},
        "block_s": block_s,
        "units": units,
        "n_units": sum(map(len, units.values())),
    }


def _samples(
    study: dict[str, Any], predicted: pd.DataFrame, weights: np.ndarray, **settings: Any
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return each metric's mean over coders (1 + L, B), first over all labels and then of each, and its n (1 + L,)."""
    each = [_samples_of_one(study, truth, predicted, weights, **settings) for truth in study["truths"]]
    values = {name: _mean(np.stack([one[0][name] for one in each]), 0) for name in each[0][0]}
    return values, {name: sum(one[1][name] for one in each) for name in values}


def _samples_of_one(
    study: dict[str, Any],
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    weights: np.ndarray,
    f1_tious: Sequence[float],
    map_tious: Sequence[float],
    rate_hz: float,
    match_person: bool,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    labels, n_units = study["labels"], study["n_units"]
    frames = frame_counts(truth, predicted, study["durations"], labels, rate_hz, study["units"], study["block_s"])
    truth, predicted = (t[t["label"].isin(labels)].reset_index(drop=True) for t in (truth, predicted))
    code, _ = codes = [pd.Index(labels).get_indexer(table["label"]) for table in (truth, predicted)]
    units = _event_units(truth, study), _event_units(predicted, study)
    values: dict[str, np.ndarray] = {}
    n: dict[str, np.ndarray] = {}

    def tally(code: np.ndarray, unit: np.ndarray, amount: np.ndarray | None = None) -> np.ndarray:
        """Add up per label and unit, with the sum over labels first: (1 + L, U)."""
        counts = np.bincount(code * n_units + unit, amount, len(labels) * n_units).reshape(len(labels), n_units)
        return np.concatenate([counts.sum(0, keepdims=True), counts])

    def put(name: str, value: np.ndarray, number: np.ndarray) -> None:
        values[name], n[name] = value, number

    n_truth = tally(code, units[0]).sum(1)
    for tiou in f1_tious:
        matched = match_events(truth, predicted, tiou, match_person)
        hit, false = matched >= 0, np.ones(len(predicted), bool)
        false[matched[hit]] = False
        counts = tally(code[hit], units[0][hit]), tally(codes[1][false], units[1][false]), tally(code[~hit], units[0][~hit])
        tp, fp, fn = (count @ weights for count in counts)
        f1 = f1_score(tp, fp, fn)
        put(f"f1_{_percent(tiou)}", f1, n_truth)
        put(f"f1_macro_{_percent(tiou)}", _overall(_mean(f1[1:], 0), f1), n_truth)
        put(f"precision_{_percent(tiou)}", ratio(tp, tp + fp), (counts[0] + counts[1]).sum(1))
        put(f"recall_{_percent(tiou)}", ratio(tp, tp + fn), n_truth)
    ap = ap_samples(truth, predicted, labels, map_tious, match_person, units, weights)
    ap = np.concatenate([_mean(ap, 1)[:, None], ap], 1)
    put("map", _mean(ap, 0), n_truth)
    for tiou, one in zip(map_tious, ap, strict=True):
        put(f"map_{_percent(tiou)}", one, n_truth)
    kappa = cohen_kappa(np.einsum("luij,ub->lbij", frames, weights, optimize=True))
    put("kappa", np.concatenate([_mean(kappa, 0)[None], kappa]), np.full(len(labels) + 1, frames[:1].sum()))
    iou = matched_box_iou(truth, predicted, match_events(truth, predicted, SPATIAL_TIOU, match_person))
    boxed = np.isfinite(iou)
    total, number = tally(code[boxed], units[0][boxed], iou[boxed]), tally(code[boxed], units[0][boxed])
    put("spatial_iou", ratio(total @ weights, number @ weights), number.sum(1))
    return values, n


def _summary(
    values: dict[str, np.ndarray], counts: dict[str, np.ndarray], labels: list[str], spread: list[bool]
) -> dict[str, Any]:
    """Turn samples (1 + L, B) into ``metrics`` and ``per_label``."""
    metrics: dict[str, Any] = {}
    per_label: dict[str, Any] = {label: {} for label in labels}
    for name, sample in values.items():
        low, high = percentile_interval(sample)
        low[~np.array(spread)] = high[~np.array(spread)] = np.nan
        low[np.isnan(sample[:, 0])] = high[np.isnan(sample[:, 0])] = np.nan
        entries = [
            {"value": _json(v), "low": _json(a), "high": _json(b), "n": int(n)}
            for v, a, b, n in zip(sample[:, 0], low, high, counts[name], strict=True)
        ]
        metrics[name] = entries[0]
        if "macro" not in name:
            for label, entry in zip(labels, entries[1:], strict=True):
                per_label[label][name.replace("map", "ap")] = entry
    return {"metrics": metrics, "per_label": per_label}


def _event_units(events: pd.DataFrame, study: dict[str, Any]) -> np.ndarray:
    middle = (events["start_s"] + events["end_s"]).to_numpy() / 2
    return unit_of(events["video"], middle, study["units"], study["block_s"])


def _units_with_events(tables: Iterable[pd.DataFrame], study: dict[str, Any], label: str | None) -> int:
    """Return how many units hold an event of the label, None for all labels, in any of the tables."""
    of = study["labels"] if label is None else [label]
    return len({unit for table in tables for unit in _event_units(table[table["label"].isin(of)], study)})


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean over the values that are not NaN; NaN where there is none."""
    return ratio(np.nansum(values, axis), np.isfinite(values).sum(axis))


def _overall(first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.concatenate([first[None], rows[1:]])


def _json(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None


def _percent(tiou: float) -> str:
    return f"{round(100 * tiou)}"


def _read(paths: Paths) -> pd.DataFrame:
    paths = [paths] if isinstance(paths, (str, Path)) else paths
    files = [file for path in map(Path, paths) for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    if not files:
        raise KinesicsError(f"no events CSV in {', '.join(map(str, paths)) or 'an empty list of files'}")
    origin: dict[str, Path] = {}
    tables = []
    for file in files:
        tables.append(read_events(file))
        for video in tables[-1]["video"].unique():
            if video in origin:
                raise KinesicsError(f"video {video!r} is in both {origin[video]} and {file}")
            origin[video] = file
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else empty_events()


def _number(entry: dict[str, Any]) -> str:
    return "" if entry["value"] is None else f"{entry['value']:.3f}"


def _interval(entry: dict[str, Any]) -> str:
    return "" if entry["low"] is None else f"[{entry['low']:.2f}, {entry['high']:.2f}]"


def _markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    width = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * w for w in width], *rows]
    return ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) + " |" for line in lines]
