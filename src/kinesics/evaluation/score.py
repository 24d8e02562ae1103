"""Every metric of a detector's events against one or more coders, with intervals, ready for JSON.

Metrics, all over the same labels (the number in a name is the tIoU threshold in percent):

- ``f1_30, f1_50``: event F1, micro: true and false positives pooled over labels; ``precision_*``, ``recall_*`` likewise
- ``f1_macro_30, f1_macro_50``: event F1, the mean over the labels that were true or predicted
- ``map_30 .. map_70``, ``map``: mean average precision over the labels that were true, and its mean over thresholds;
  of one label: ``ap_30 .. ap_70``, ``ap``
- ``kappa``: frame-wise Cohen's kappa, the mean over the labels that were true or predicted
- ``spatial_iou``: mean IoU of the boxes of the events matched at tIoU 0.3

``n`` is what a metric counts: true events (F1, recall, AP), predictions (precision), matched pairs with two boxes
(spatial IoU) or person-frames (kappa), summed over coders; with several seeds their mean.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
DIGITS = 6  # far finer than any interval, far coarser than the rounding in which processors differ

Tables = pd.DataFrame | Sequence[pd.DataFrame]
Paths = str | Path | Sequence[str | Path]
Samples = dict[str, np.ndarray]


def score(
    truth: Tables,
    predicted: Tables,
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
    """Return all metrics of ``predicted`` against ``truth``, a table or one a coder, as a JSON-ready dict.

    ``predicted`` is likewise a table or one a seed of the detector. A metric is the mean of its values for each coder
    and seed that define it; its interval is that of this mean on other footage, not that of other seeds. The agreement
    of two coders is ``score(a, b)``: F1 and kappa are the same for ``score(b, a)`` (their intervals nearly, since a
    matched pair counts in the unit of its truth), precision and recall change places, AP ranks by the second's score.

    durations: seconds of each video, default the last event's end in any table; a video named here without events
    counts for kappa. labels: those to judge, default all that occur; a detector that knows a few is judged on those.

    Result: ``{labels, videos, units, n_truth: [per coder], n_predicted, settings, metrics: {name: entry}, per_label:
    {label: {name: entry}}}`` with entry ``{value, low, high, n}``; n_predicted is the mean over seeds. low and high are
    the 95 % percentile interval of the cluster bootstrap (``intervals``) over the resamples in which the metric is
    defined. None stands for an undefined value, and for the ends of an interval if all events lie in one unit, which
    says nothing of their spread.

    Raises KinesicsError if a table is not an events table, there is no table, a duration is missing, an event starts
    after its video's end, or a label, threshold, rate or number is not one.
    """
    study = _study({"truth": truth, "predicted": predicted}, durations, labels, block_s)
    measures = {
        "f1_tious": list(f1_tious),
        "map_tious": list(map_tious),
        "rate_hz": rate_hz,
        "match_person": match_person,
    }
    values, n = _samples(study, "predicted", _weights(study, resamples, seed), **measures)
    n_truth, n_predicted = (
        [int(table["label"].isin(study.labels).sum()) for table in study.tables[name]]
        for name in ("truth", "predicted")
    )
    return {
        "labels": study.labels,
        "videos": len(study.durations),
        "units": study.n_units,
        "n_truth": n_truth,
        "n_predicted": round(sum(n_predicted) / len(n_predicted)),
        "settings": measures
        | {"resamples": resamples, "seed": seed, "block_s": block_s if np.isfinite(block_s) else None},
        **_summary(study, values, n),
    }


def compare(
    truth: Tables,
    first: Tables,
    second: Tables,
    *,
    durations: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    block_s: float = BLOCK_S,
    resamples: int = 2000,
    seed: int = 0,
    **measures: Any,
) -> dict[str, Any]:
    """Return the difference of each metric, ``first`` minus ``second``, paired: both on the same resamples.

    ``measures`` are f1_tious, map_tious, rate_hz and match_person; arguments and errors are those of ``score``. The
    result has its ``labels``, ``metrics`` and ``per_label``, with n that of ``first``. The labels of all tables are
    judged unless ``labels`` is given. An interval without 0 says that the two differ on footage like this.
    """
    study = _study({"truth": truth, "first": first, "second": second}, durations, labels, block_s)
    weights = _weights(study, resamples, seed)
    (a, n), (b, _) = (_samples(study, name, weights, **measures) for name in ("first", "second"))
    return {"labels": study.labels, **_summary(study, {name: a[name] - b[name] for name in a}, n)}


def score_files(truth: Paths | Sequence[Paths], predicted: Paths, **settings: Any) -> dict[str, Any]:
    """Return ``score`` of events files: ``truth`` has one entry a coder, ``predicted`` is one table.

    An entry, like ``predicted``, is a CSV file, a folder of them, or a list of both that is read as one table. Settings
    are those of ``score``. Raises KinesicsError also if two files of one table name the same video, and if truth and
    prediction have no video in common while no ``durations`` say which videos there are.
    """
    truths = [_read(entry) for entry in ([truth] if isinstance(truth, str | Path) else truth)]
    table = _read(predicted)
    coded, found = {video for events in truths for video in events["video"]}, set(table["video"])
    if coded and found and not coded & found and settings.get("durations") is None:
        raise KinesicsError(
            f"no video is in both truth and prediction: the truth has {', '.join(sorted(coded)[:3])}; "
            f"the prediction has {', '.join(sorted(found)[:3])}"
        )
    known = {*LABELS.index, *table["label"]}.union(*(events["label"] for events in truths))
    if unknown := [label for label in settings.get("labels") or [] if label not in known]:
        raise KinesicsError(f"label {unknown[0]!r} is in no table; the labels are {', '.join(sorted(known))}")
    return score(truths, table, **settings)


def to_text(result: dict[str, Any]) -> str:
    """Return the result of ``score`` as two Markdown tables that also read well in a terminal: metrics, then labels."""
    head = (
        f"{result['videos']} videos in {result['units']} units; "
        f"true events {', '.join(map(str, result['n_truth']))}; predicted {result['n_predicted']}"
    )
    rows = [[name, *_cells(entry), str(entry["n"])] for name, entry in result["metrics"].items()]
    metrics = _markdown(["metric", "value", "95 % interval", "n"], rows)
    names = [_name("f1", tiou) for tiou in result["settings"]["f1_tious"]] + ["ap", "kappa", "spatial_iou"]
    rows = [
        [label, str(entry["ap"]["n"]), *(" ".join(_cells(entry[name])).strip() for name in names)]
        for label, entry in result["per_label"].items()
    ]
    return "\n".join([head, "", *metrics, "", *_markdown(["label", "n", *names], rows)]) + "\n"


class _Study(NamedTuple):
    """What all metrics of one call share: checked and sorted tables, the labels to judge, the units to resample."""

    tables: dict[str, list[pd.DataFrame]]
    labels: list[str]
    durations: dict[str, float]
    units: dict[str, range]
    block_s: float

    @property
    def n_units(self) -> int:
        return sum(map(len, self.units.values()))

    def unit(self, events: pd.DataFrame) -> np.ndarray:
        """Return the unit of each event, that of its middle: int (N,)."""
        middle = (events["start_s"] + events["end_s"]).to_numpy() / 2
        return unit_of(events["video"].to_numpy(), middle, self.units, self.block_s)


def _study(
    groups: dict[str, Tables], durations: Mapping[str, float] | None, labels: Sequence[str] | None, block_s: float
) -> _Study:
    checked: dict[str, list[pd.DataFrame]] = {}
    named: list[tuple[str, pd.DataFrame]] = []
    for name, group in groups.items():
        group = [group] if isinstance(group, pd.DataFrame) else list(group)
        if not group:
            raise KinesicsError(f"{name} has no table: give at least one, which may have no rows")
        names = [name if len(group) == 1 else f"{name} {i + 1}" for i in range(len(group))]
        checked[name] = [sorted_events(check_events(events, own)) for own, events in zip(names, group, strict=True)]
        named += zip(names, checked[name], strict=True)
    everything = pd.concat([events for _, events in named])
    if durations is None:
        durations = everything.groupby("video")["end_s"].max()
    durations = {video: float(durations[video]) for video in sorted(durations.keys())}
    for name, events in named:
        for video, start in events.groupby("video")["start_s"].max().items():
            if video not in durations:
                raise KinesicsError(f"{name}: video {video!r} has no duration; known are {', '.join(durations)}")
            if start >= durations[video]:
                raise KinesicsError(
                    f"{name}: video {video!r}: an event starts at {start} s, the video ends at {durations[video]} s"
                )
    if labels is None:
        present = set(everything["label"])
        labels = [label for label in LABELS.index if label in present] + sorted(present - set(LABELS.index))
    if isinstance(labels, str) or len(set(labels)) != len(labels):
        raise KinesicsError(f"labels {labels!r} is not a list of different labels")
    units = block_units(durations, block_s)
    return _Study(checked, list(labels), durations, units, block_s)


def _weights(study: _Study, resamples: int, seed: int) -> np.ndarray:
    if resamples < 0:
        raise KinesicsError(f"resamples {resamples} is negative; 0 gives values without intervals")
    return bootstrap_weights(study.n_units, resamples, seed)


def _samples(
    study: _Study, predicted: str, weights: np.ndarray, **measures: Any
) -> tuple[Samples, dict[str, np.ndarray]]:
    """Return each metric's mean over coders and seeds, (1 + L, B) with all labels first, then each; its n (1 + L,)."""
    pairs = itertools.product(study.tables["truth"], study.tables[predicted])
    each = [_samples_of_pair(study, truth, table, weights, **measures) for truth, table in pairs]
    values = {name: _mean(np.stack([value[name] for value, _ in each]), 0) for name in each[0][0]}
    return values, {name: sum(n[name] for _, n in each) / len(study.tables[predicted]) for name in values}


def _samples_of_pair(
    study: _Study,
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    weights: np.ndarray,
    f1_tious: Sequence[float] = F1_TIOUS,
    map_tious: Sequence[float] = MAP_TIOUS,
    rate_hz: float = RATE_HZ,
    match_person: bool = True,
) -> tuple[Samples, dict[str, np.ndarray]]:
    if not match_person:
        truth, predicted = truth.assign(person=0), predicted.assign(person=0)
    frames = frame_counts(truth, predicted, study.durations, study.labels, rate_hz, study.units, study.block_s)
    truth, predicted = (table[table["label"].isin(study.labels)].reset_index(drop=True) for table in (truth, predicted))
    label_t, label_p = (pd.Index(study.labels).get_indexer(table["label"]) for table in (truth, predicted))
    unit_t, unit_p = study.unit(truth), study.unit(predicted)

    def tally(label: np.ndarray, unit: np.ndarray, amount: np.ndarray | None = None) -> np.ndarray:
        """Add up per label and unit, with the sum over labels first: (1 + L, U)."""
        shape = len(study.labels), study.n_units
        counts = np.bincount(label * shape[1] + unit, amount, shape[0] * shape[1]).reshape(shape)
        return np.concatenate([counts.sum(0, keepdims=True), counts])

    n_truth, n_predicted = tally(label_t, unit_t).sum(1), tally(label_p, unit_p).sum(1)
    values: Samples = {}
    n: dict[str, np.ndarray] = {}
    for tiou in f1_tious:
        matched = match_events(truth, predicted, tiou, match_person)
        hit = matched >= 0
        false = np.ones(len(predicted), bool)
        false[matched[hit]] = False
        tp = tally(label_t[hit], unit_t[hit]) @ weights
        fn = tally(label_t[~hit], unit_t[~hit]) @ weights
        fp = tally(label_p[false], unit_p[false]) @ weights
        f1 = f1_score(tp, fp, fn)
        of_each = {
            "f1": f1,
            "f1_macro": np.concatenate([_mean(f1[1:], 0)[None], f1[1:]]),
            "precision": ratio(tp, tp + fp),
            "recall": ratio(tp, tp + fn),
        }
        values |= {_name(metric, tiou): value for metric, value in of_each.items()}
        n |= {_name(metric, tiou): n_predicted if metric == "precision" else n_truth for metric in of_each}
    ap = ap_samples(truth, predicted, study.labels, map_tious, match_person, (unit_t, unit_p), weights)
    ap = np.concatenate([_mean(ap, 1)[:, None], ap], 1)  # (T, 1 + L, B)
    of_each = {"map": _mean(ap, 0)} | {_name("map", tiou): one for tiou, one in zip(map_tious, ap, strict=True)}
    values |= of_each
    n |= dict.fromkeys(of_each, n_truth)
    kappa = cohen_kappa(np.einsum("luij,ub->lbij", frames, weights, optimize=True))
    values["kappa"] = np.concatenate([_mean(kappa, 0)[None], kappa])
    n["kappa"] = np.full(len(study.labels) + 1, frames[:1].sum())
    iou = matched_box_iou(truth, predicted, match_events(truth, predicted, SPATIAL_TIOU, match_person))
    boxed = np.isfinite(iou)
    number = tally(label_t[boxed], unit_t[boxed])
    values["spatial_iou"] = ratio(tally(label_t[boxed], unit_t[boxed], iou[boxed]) @ weights, number @ weights)
    n["spatial_iou"] = number.sum(1)
    return values, n


def _summary(study: _Study, values: Samples, n: dict[str, np.ndarray]) -> dict[str, Any]:
    """Turn samples (1 + L, B) into ``metrics`` and ``per_label``."""
    tables = [table for group in study.tables.values() for table in group]
    units = [{*study.unit(pd.concat([t[t["label"] == label] for t in tables]))} for label in study.labels]
    spread = np.array([len(held) > 1 for held in [set().union(*units), *units]])
    metrics: dict[str, Any] = {}
    per_label: dict[str, Any] = {label: {} for label in study.labels}
    for name, sample in values.items():
        shown = spread & np.isfinite(sample[:, 0])
        low, high = (np.where(shown, end, np.nan) for end in percentile_interval(sample))
        entries = [
            {"value": _json(value), "low": _json(a), "high": _json(b), "n": round(number)}
            for value, a, b, number in zip(sample[:, 0], low, high, n[name], strict=True)
        ]
        metrics[name] = entries[0]
        if not name.startswith("f1_macro"):
            for label, entry in zip(study.labels, entries[1:], strict=True):
                per_label[label][name.replace("map", "ap")] = entry
    return {"metrics": metrics, "per_label": per_label}


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean over the values that are not NaN; NaN where there is none."""
    return ratio(np.nansum(values, axis), np.isfinite(values).sum(axis))


def _json(value: float) -> float | None:
    return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None  # + 0.0: no -0.0


def _name(metric: str, tiou: float) -> str:
    return f"{metric}_{100 * tiou:g}"


def _read(paths: Paths) -> pd.DataFrame:
    paths = [paths] if isinstance(paths, str | Path) else paths
    files = [file for path in map(Path, paths) for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])]
    if not files:
        raise KinesicsError(f"no events CSV in {', '.join(map(str, paths)) or 'an empty list of files'}")
    origin: dict[str, Path] = {}
    tables = [empty_events()]
    for file in files:
        events = read_events(file)
        for video in events["video"].unique():
            if video in origin:
                raise KinesicsError(f"video {video!r} is in both {origin[video]} and {file}")
            origin[video] = file
        tables.append(events)
    return pd.concat(tables, ignore_index=True)


def _cells(entry: dict[str, Any]) -> list[str]:
    value = "" if entry["value"] is None else f"{entry['value']:.3f}"
    return [value, "" if entry["low"] is None else f"[{entry['low']:.2f}, {entry['high']:.2f}]"]


def _markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    width = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * w for w in width], *rows]
    return ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) + " |" for line in lines]
