"""Score detectors on annotated people who were left out of their training; ``paper/endpoint.md`` fixed the measures before.

Every score is the mean over annotation passes and, of detectors that draw, over seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinesics.metrics.average_precision import average_precision, average_recall
from kinesics.metrics.bootstrap import add_holm
from kinesics.metrics.matching import f1_score, match_events
from kinesics.metrics.paired import bca_interval, compare_people, icc_agreement
from kinesics.structures.events import BOX
from kinesics.structures.timegrid import rasterise
from kinesics_paper.studies.people_data import Key, People, read_people_data

#: The contrasts, fixed in ``paper/endpoint.md``.
CONTRASTS = (("ranked", "rules"), ("ranked", "logistic"), ("rules", "budgeted"))
TIOUS = (0.5, 0.3)
PROPOSALS = 20
DIGITS = 6
RATE_HZ = 100.0

Tables = Sequence[pd.DataFrame]


def compare(
    tracks: Sequence[str],
    features: Sequence[str],
    passes: Sequence[str],
    events: Mapping[str, str],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the scores of the events that ``people_left_out`` wrote of each detector, and the contrasts between them.

    ``settings`` are resamples and seed. Result: ``people``, those judged, in the order of the scores; ``others``, with
    nothing annotated; ``detectors: {name: {people: [F1], metrics: {name: {value, low, high}}, ...}}`` with the agreement of
    the passes as ``agreement``; ``contrasts: {"a - b": comparison}``.
    """
    data = read_people_data(tracks, features, passes)
    judged = sorted({name for table in data.truth for name in table["person_id"]})
    others = sorted(set(data.person.values()) - set(judged))
    resampling = {key: settings[key] for key in ("resamples", "seed")}
    entries = {}
    for name, path in events.items():
        table = read_events(path)
        seeds = [part for _, part in table.groupby("seed", sort=True)]
        entries[name] = _scores(data, judged, seeds, resampling) | {"false_alarms": _false_alarms(data, others, seeds)}
    first, second = data.truth
    twin = [second.assign(decision=True, seed=0), second.assign(decision=False, seed=0)]
    entries["agreement"] = _scores(data, judged, [pd.concat(twin)], resampling, [first])
    of_people = {name: np.array(entry["people"]) for name, entry in entries.items()}
    contrasts = {
        f"{a} - {b}": compare_people(of_people[a], of_people[b], **resampling)
        for a, b in CONTRASTS
        if a in of_people and b in of_people
    }
    add_holm(contrasts)
    return rounded(
        {
            "people": judged,
            "others": others,
            "clips": len(data.recordings),
            "groups": len(data.groups),
            "events": [len(table) for table in data.truth],
            "detectors": entries,
            "contrasts": contrasts,
        }
    )


def read_events(path: str) -> pd.DataFrame:
    """Return a table of events of ``people_left_out``, with the columns that metrics need."""
    return pd.read_parquet(path).assign(**dict.fromkeys(BOX, np.nan))


def _scores(
    data: People, judged: Sequence[str], seeds: Tables, resampling: Mapping[str, int], truth: Tables | None = None
) -> dict[str, Any]:
    truth = data.truth if truth is None else truth
    counts = np.stack(
        [[event_counts(data, true, part[part["decision"]], judged) for part in seeds] for true in truth]
    )  # (passes, seeds, tIoU, people, 3)
    hits, detected, true = np.moveaxis(counts, -1, 0)
    f1 = np.nan_to_num(f1_score(hits, detected - hits, true - hits)).mean((0, 1))  # (tIoU, people)
    metrics = {}
    for k, tiou in enumerate(TIOUS):
        name = f"{100 * tiou:.0f}"
        low, high = bca_interval(f1[k], **resampling)
        metrics[f"f1_{name}"] = {"value": float(f1[k].mean()), "low": low, "high": high}
        total = counts[:, :, k].sum(2)
        micro = f1_score(total[..., 0], total[..., 1] - total[..., 0], total[..., 2] - total[..., 0]).mean()
        metrics[f"micro_f1_{name}"] = {"value": float(micro)}
        metrics[f"precision_{name}"] = {"value": float((total[..., 0] / np.maximum(total[..., 1], 1)).mean())}
        metrics[f"recall_{name}"] = {"value": float((total[..., 0] / np.maximum(total[..., 2], 1)).mean())}
    candidates = [part[~part["decision"]].reset_index(drop=True) for part in seeds]
    precision = [average_precision(true, part) for true in truth for part in candidates]
    metrics["map"] = {"value": float(np.mean([table.to_numpy().mean() for table in precision]))}
    recall = [average_recall(true, part, max_proposals=PROPOSALS).iloc[-1] for true in truth for part in candidates]
    metrics["ar"] = {"value": float(np.mean(recall))}
    decisions = [part[part["decision"]].reset_index(drop=True) for part in seeds]
    return {
        "people": f1[0].tolist(),
        "metrics": metrics,
        "boundaries": boundary_errors(truth, decisions),
        "reliability": reliability(data, truth, decisions),
        "labels": {label: _of_label(data, label, truth, decisions, precision) for label in data.labels},
    }


def event_counts(data: People, true: pd.DataFrame, found: pd.DataFrame, judged: Sequence[str]) -> np.ndarray:
    """Return hits, detected and true events of each person at each of ``TIOUS``: (tIoU, people, 3)."""
    found = found.reset_index(drop=True)
    row = {name: k for k, name in enumerate(judged)}
    who_true = np.array([row.get(name, -1) for name in true["person_id"]], int)
    who_found = np.array([row.get(data.person.get(key, ""), -1) for key in _keys(found)], int)
    out = np.zeros((len(TIOUS), len(judged), 3))
    for k, tiou in enumerate(TIOUS):
        hit = match_events(true, found, tiou) >= 0
        for column, who in enumerate((who_true[hit], who_found, who_true)):
            np.add.at(out[k, :, column], who[who >= 0], 1)
    return out


def _keys(table: pd.DataFrame) -> list[Key]:
    return [(video, int(person)) for video, person in zip(table["video"], table["person"], strict=True)]


def _false_alarms(data: People, others: Sequence[str], seeds: Tables) -> float:
    """Return how many events are detected of people without any annotated one, the mean over seeds."""
    names = set(others)
    found = [sum(data.person.get(key) in names for key in _keys(part[part["decision"]])) for part in seeds]
    return float(np.mean(found))


def boundary_errors(truth: Tables, predicted: Tables) -> dict[str, Any]:
    """Return errors of the events matched at a tIoU of 0.3, in milliseconds, late being positive.

    ``onset`` and ``offset``: the median, and the ``onset_error``, ``offset_error`` median absolute errors; ``n`` pairs.
    """
    late = []
    for true in truth:
        for found in predicted:
            rows = match_events(true, found, 0.3)
            hit = rows >= 0
            columns = ["start_s", "end_s"]
            late.append(found[columns].to_numpy(float)[rows[hit]] - true[columns].to_numpy(float)[hit])
    errors = 1000 * np.concatenate([np.zeros((0, 2)), *late])
    if not len(errors):
        return {"onset": None, "offset": None, "onset_error": None, "offset_error": None, "n": 0}
    median, absolute = np.median(errors, 0), np.median(np.abs(errors), 0)
    names = ("onset", "offset", "onset_error", "offset_error")
    return dict(zip(names, [*median.tolist(), *absolute.tolist()], strict=True)) | {"n": len(errors)}


def reliability(data: People, truth: Tables, predicted: Tables) -> dict[str, float]:
    """Return ICC(2,1) between truth and detections of events a minute and of the share of time, by person and label.

    Targets are people and labels for which either has an event.
    """
    names = sorted(set(data.person.values()))
    length = dict.fromkeys(names, 0.0)
    for recording in data.recordings:
        for person in recording.tracks.persons:
            length[data.person[recording.tracks.video, person]] += recording.tracks.duration_s
    rates, shares = [], []
    for true in truth:
        for found in predicted:
            tables = [_budget(data, table, length) for table in (true, found)]
            targets = sorted(set(tables[0]) | set(tables[1]))
            both = np.array([[table.get(key, (0.0, 0.0)) for table in tables] for key in targets]).reshape(-1, 2, 2)
            rates.append(icc_agreement(both[:, :, 0]))
            shares.append(icc_agreement(both[:, :, 1]))
    return {"rate": float(np.mean(rates)), "share": float(np.mean(shares))}


def _budget(
    data: People, table: pd.DataFrame, length: Mapping[str, float]
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the events a minute and the share of time of each person and label that has events."""
    who = [data.person.get(key) for key in _keys(table)]
    out = {}
    for (name, label), rows in table.assign(who=who).dropna(subset=["who"]).groupby(["who", "label"]):
        if length.get(str(name), 0) > 0:
            covered = 0.0
            for _, part in rows.groupby(["video", "person"]):
                count = int(np.ceil(part["end_s"].max() * RATE_HZ)) + 1
                covered += rasterise(part[["start_s", "end_s"]].to_numpy(float), count, RATE_HZ).sum() / RATE_HZ
            out[str(name), str(label)] = (60 * len(rows) / length[str(name)], covered / length[str(name)])
    return out


def _of_label(
    data: People, label: str, truth: Tables, predicted: Tables, precision: Sequence[pd.DataFrame]
) -> dict[str, Any]:
    """Return F1, precision, recall and AP of a label over all people, the number of its people, and events of the passes."""
    f1, parts = [], []
    for true in truth:
        for found in predicted:
            a, b = (table[table["label"] == label].reset_index(drop=True) for table in (true, found))
            hits = int((match_events(a, b, 0.5) >= 0).sum())
            f1.append(f1_score(hits, len(b) - hits, len(a) - hits))
            parts.append((hits / max(len(b), 1), hits / max(len(a), 1)))
    ap = [table.loc[label].mean() for table in precision if label in table.index]
    return {
        "f1_50": float(np.nanmean(f1)) if np.isfinite(f1).any() else None,
        "precision_50": float(np.mean(parts, 0)[0]),
        "recall_50": float(np.mean(parts, 0)[1]),
        "ap": float(np.mean(ap)) if ap else None,
        "n": [int((table["label"] == label).sum()) for table in data.truth],
        "people": int(pd.concat(data.truth).query("label == @label")["person_id"].nunique()),
    }


def rounded(value: Any) -> Any:
    """Return a result with its numbers rounded, and NaN as None."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    if isinstance(value, float | np.floating):
        return round(float(value), DIGITS) + 0.0 if np.isfinite(value) else None
    return value
