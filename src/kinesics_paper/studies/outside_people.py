"""Judge what was learned from the annotated people on data of other people, another sensor and human annotators.

``paper/outside_test.md`` fixed the measures before; ``outside_people.csv`` says which annotation of the data counts as which
label, and which columns are known there.
"""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from kinesics.detectors import chance, ranked
from kinesics.io.checkpoints import write_checkpoint
from kinesics.io.package_data import package_file
from kinesics.metrics.matching import f1_score, match_events
from kinesics.signals.coefficients import Signals, quiet_levels
from kinesics.signals.event_assembly import GAP_S
from kinesics.signals.recording import Recording
from kinesics.signals.rule_table import GRID
from kinesics.structures.events import BOX, read_events_csv
from kinesics.structures.timegrid import hold_last, rasterise, samples, seconds
from kinesics.structures.tracks import read_tracks
from kinesics_paper.datasets.parsing import HOLD_S
from kinesics_paper.datasets.uci_grammatical_facial_expressions import POINTS
from kinesics_paper.studies.outside_signals import FACES, brow_height, hand_columns, head_columns
from kinesics_paper.studies.people_data import People, read_people_data
from kinesics_paper.studies.people_left_out import CHANCE_SEEDS, columns_of, segments_of
from kinesics_paper.studies.speaking import area_under_curve
from kinesics_paper.studies.threshold_search import choose, decide, settings

GESTURES, EXPRESSIONS = "uci-gesture-phase", "uci-grammatical-facial-expressions"
#: Other face heights between head and spine, to see how much depends on them.
OTHER_FACES = (2.5, 3.5)
#: The expression in which the brows are raised, against which their height is held.
BROWS_RAISED = "yn_question"
DIGITS = 6
_COLUMNS = ["video", "person", "label", "start_s", "end_s", "seed"]

with package_file("kinesics_paper.studies", "outside_people.csv").open(encoding="utf-8", newline="") as _file:
    _ROWS = list(csv.DictReader(_file))
#: The label that each annotation of a data set counts as.
LABEL_OF = {(row["dataset"], row["annotation"]): row["label"] for row in _ROWS if row["label"]}
#: The columns that are known of each label.
KNOWN = {row["label"]: row["columns"].split() for row in _ROWS if row["label"]}


@dataclass(frozen=True)
class Stream:
    """A stream of the outside data, at the rate of the annotated people's tracks.

    ``part`` is what it is reported under: the annotation, or the label of several; ``truth`` (N, 2) in seconds; ``seen``
    whether the sensor recorded each frame.
    """

    recording: Recording
    person: str
    part: str
    label: str
    truth: np.ndarray
    seen: np.ndarray
    columns: Signals


def outside(tracks: Sequence[str], passes: Sequence[str], folders: Mapping[str, str]) -> dict[str, Any]:
    """Return ``judge`` of the annotated people of ``tracks`` on the data sets in ``folders``."""
    return judge(read_people_data(tracks, [], passes), folders)


def judge(data: People, folders: Mapping[str, str]) -> dict[str, Any]:
    """Return the scores of ``ranked``, ``rules`` and ``chance``, learned from people, on the data sets in ``folders``.

    Result: ``people``; ``detectors: {name: {f1_50, people: {name: F1}, parts: {part: {label, n, detected, precision, recall,
    f1_50, auc, people, length_s, found_length_s}}}}``, lengths being medians; ``learned_length_s: {label: that of the
    annotated people}``; ``difference`` of ``ranked`` to ``rules`` with the people won, tied and lost; ``brows``, the
    AUC of their height; ``faces: {number: {name: F1 of hand_gesture}}``.
    """
    rate = data.recordings[0].tracks.rate_hz
    quiet = quiet_levels([own for of in data.signals.values() for own in of.values()])
    learned = _learn(data)
    streams = read_streams(folders, quiet, rate)
    result = _judge(data, learned, streams, rate)
    by_person = {name: entry["people"] for name, entry in result.items()}
    differences = [by_person["ranked"][name] - by_person["rules"][name] for name in by_person["ranked"]]
    faces = {}
    for number in (FACES, *OTHER_FACES):
        gestures = [s for s in read_streams(folders, quiet, rate, number) if s.label == "hand_gesture"]
        entries = _judge(data, learned, gestures, rate)
        faces[f"{number:g}"] = {name: entry["f1_50"] for name, entry in entries.items()}
    known = pd.concat(data.truth)
    return _rounded(
        {
            "people": sorted({stream.person for stream in streams}),
            "streams": len(streams),
            "learned_length_s": {label: _length(known[known["label"] == label]) for label in KNOWN},
            "learned_from": len({name for table in data.truth for name in table["person_id"]}),
            "detectors": result,
            "difference": {
                "value": float(np.mean(differences)),
                "won": sum(d > 0 for d in differences),
                "tied": sum(d == 0 for d in differences),
                "lost": sum(d < 0 for d in differences),
            },
            "brows": _brows(folders),
            "faces": faces,
        }
    )


def read_streams(
    folders: Mapping[str, str], quiet: dict[str, float], rate_hz: float, faces: float = FACES
) -> list[Stream]:
    """Return the streams whose annotation counts as a label (``outside_people.csv``), of the data sets in ``folders``."""
    streams = []
    for dataset, folder in folders.items():
        table, events = _tables(folder)
        for row in table.itertuples(index=False):
            own = events[events["video"] == row.video]
            annotations = {name for name in own["label"] if (dataset, name) in LABEL_OF}
            if not annotations:
                continue
            label = LABEL_OF[dataset, min(annotations)]
            recording = Recording(read_tracks(Path(folder) / "tracks" / f"{row.video}.parquet"), {})
            duration_s = recording.tracks.duration_s
            if dataset == GESTURES:
                times_s = recording.tracks.table["time_s"].to_numpy()
                columns = hand_columns(recording.tracks, quiet, rate_hz, faces)
            else:
                times_s, points = read_points(folder, row.video)
                columns = head_columns(times_s, points, duration_s, quiet, rate_hz)
            segments = own.loc[own["label"].isin(annotations), ["start_s", "end_s"]].to_numpy(float)
            seen = hold_last(times_s, samples(duration_s, rate_hz), rate_hz, HOLD_S) >= 0
            part = label if dataset == GESTURES else min(annotations)
            truth = as_recorded(segments, times_s)
            streams.append(Stream(recording, f"{dataset}/{row.subject}", part, label, truth, seen, columns))
    return streams


def read_points(folder: str | Path, video: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the times (T,) and face points (T, 100, 3) of the recorded frames of an expression stream."""
    table = pq.read_table(Path(folder) / "tracks" / "landmarks" / f"{video}.parquet")
    flat = table["points"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return table["time_s"].to_numpy(), flat.reshape(-1, POINTS, 3).astype(float)


def as_recorded(segments: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Return annotated segments (N, 2) in seconds, one where they are at most ``GAP_S`` apart, ended where the sensor stops.

    It stops after a frame of ``times_s`` (T,) that none follows within ``HOLD_S``; a segment that lasts beyond ends a usual
    interval after this frame, and begins again with the next one if it still lasts.
    """
    joined: list[list[float]] = []
    for start, stop in segments[np.argsort(segments[:, 0], kind="stable")].tolist():
        if joined and start - joined[-1][1] <= GAP_S:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    steps = np.diff(times_s)
    stops = np.flatnonzero(steps > HOLD_S)
    usual = float(np.median(steps)) if len(steps) else 0.0
    parts = []
    for start, stop in joined:
        for k in stops:
            last, following = times_s[k] + usual, times_s[k + 1]
            if start < last < stop:
                parts.append((start, last))
                start = following
            elif last <= start < following:
                start = following
        if stop > start:
            parts.append((start, stop))
    return np.array(parts, float).reshape(-1, 2)


def _tables(folder: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    streams = pd.read_csv(Path(folder) / "streams.csv", dtype={"video": str, "subject": str})
    return streams, read_events_csv(Path(folder) / "events.csv")


def _learn(data: People) -> dict[str, np.ndarray]:
    """Return ``ranked`` as learned from all people with the known columns and labels only."""
    columns = columns_of(data, ())[0]
    truth, nothing = segments_of(data, columns), np.zeros((0, 2))
    rate = data.recordings[0].tracks.rate_hz
    return ranked.learn(
        [
            ranked.Stream(
                data.person[key],
                rate,
                only_known(own),
                {
                    label: [part.get(key, nothing) if label in KNOWN else nothing for part in truth[label]]
                    for label in ranked.LABELS
                },
            )
            for key, own in columns.items()
        ]
    )


def only_known(columns: Signals) -> Signals:
    """Return the columns with those that the outside data do not have at 0: a regression learns nothing from them."""
    known = {name for names in KNOWN.values() for name in names}
    return {name: values if name in known else np.zeros(len(values)) for name, values in columns.items()}


def rule_column(columns: Signals, label: str) -> np.ndarray:
    """Return the column of the rules for a label, without the hand at the face, which the outside data do not tell."""
    if label == "hand_gesture":
        return columns["hand_speed"] + columns["wrist_speed"] / 2
    return columns[GRID[label][0]]


def _judge(
    data: People, learned: dict[str, np.ndarray], streams: Sequence[Stream], rate_hz: float
) -> dict[str, dict[str, Any]]:
    """Return the scores of each detector."""
    found: dict[str, list[tuple]] = {"ranked": [], "rules": []}
    frames: dict[str, dict[str, np.ndarray]] = {"ranked": {}, "rules": {}}
    rules = _rules(data, rate_hz, sorted({stream.label for stream in streams}))
    able = ranked.learned_labels(learned)
    for stream in streams:
        video, columns = stream.recording.tracks.video, only_known(stream.columns)
        found["ranked"] += [
            (video, 0, label, seconds(start, rate_hz), seconds(stop, rate_hz), 0)
            for label, start, stop, _ in ranked.person_events(learned, columns, rate_hz)
            if label == stream.label
        ]
        if stream.label in able:
            frames["ranked"][video] = ranked.frame_odds(learned, columns, stream.label, rate_hz)
        if rule := rules.get(stream.label):
            column = rule_column(stream.columns, stream.label)
            frames["rules"][video] = rule.smoothed(column, rate_hz)
            found["rules"] += [
                (video, 0, stream.label, seconds(start, rate_hz), seconds(stop, rate_hz), 0)
                for _, _, start, stop, _ in decide(rule, {(video, 0): column}, rate_hz)
            ]
    entries = {
        name: _scores(streams, pd.DataFrame(rows, columns=_COLUMNS), range(1), frames[name], rate_hz)
        for name, rows in found.items()
    }
    return entries | {"chance": _scores(streams, _chance(data, streams), range(CHANCE_SEEDS), {}, rate_hz)}


def _rules(data: People, rate_hz: float, labels: Sequence[str]) -> dict[str, Any]:
    """Return the setting of each label that is best on all annotated people."""
    columns = columns_of(data, ())[0]
    truth = segments_of(data, columns)
    chosen = {
        label: choose(
            settings(label, GRID[label][1]),
            {key: rule_column(own, label) for key, own in columns.items()},
            truth[label],
            rate_hz,
        )
        for label in labels
    }
    return {label: rule for label, rule in chosen.items() if rule}


def _chance(data: People, streams: Sequence[Stream]) -> pd.DataFrame:
    """Return events drawn at the rates and with the lengths of the annotated people's, of each stream's label."""
    tables = []
    for seed in range(CHANCE_SEEDS):
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model.safetensors"
            write_checkpoint("chance", chance.fit(data.recordings, data.truth, seed), model)
            for stream in streams:
                events, _ = chance.detect(stream.recording, model, seed)
                tables.append(events[events["label"] == stream.label].assign(seed=seed))
    return pd.concat(tables, ignore_index=True)[_COLUMNS]


def _scores(
    streams: Sequence[Stream], found: pd.DataFrame, seeds: range, frames: Mapping[str, np.ndarray], rate_hz: float
) -> dict[str, Any]:
    """Return F1 of each person and its mean, and of each part the counts, F1 and AUC of frames; the mean over seeds."""
    rows = [
        (stream.recording.tracks.video, 0, stream.label, start, stop)
        for stream in streams
        for start, stop in stream.truth.tolist()
    ]
    true = pd.DataFrame(rows, columns=_COLUMNS[:-1]).assign(**dict.fromkeys(BOX, np.nan))
    of_video = {stream.recording.tracks.video: stream for stream in streams}
    people = sorted({stream.person for stream in streams})
    parts = list(dict.fromkeys(stream.part for stream in streams))
    tables = [found[found["seed"] == seed].reset_index(drop=True) for seed in seeds]
    of_people, of_parts = [], []
    for part in tables:
        hit = match_events(true, part.assign(**dict.fromkeys(BOX, np.nan)), 0.5) >= 0
        for names, attribute, out in ((people, "person", of_people), (parts, "part", of_parts)):
            owners = [[getattr(of_video[video], attribute) for video in table["video"]] for table in (true, part)]
            is_true, is_found = (np.array(names)[:, None] == np.array(own, str)[None] for own in owners)
            out.append(np.stack([(is_true & hit).sum(1), is_found.sum(1), is_true.sum(1)], 1))
    f1 = [np.mean([_f1(counts[k]) for counts in of_people]) for k in range(len(people))]
    entries = {}
    for k, name in enumerate(parts):
        hits, detected, n = np.mean([counts[k] for counts in of_parts], 0)
        own = [stream for stream in streams if stream.part == name]
        entries[name] = {
            "label": own[0].label,
            "people": len({stream.person for stream in own}),
            "n": int(n),
            "detected": float(detected),
            "length_s": _length(true[[of_video[video].part == name for video in true["video"]]]),
            "found_length_s": _length(found[[of_video[video].part == name for video in found["video"]]]),
            "precision": float(hits / detected) if detected else None,
            "recall": float(hits / n) if n else None,
            "f1_50": float(np.mean([_f1(counts[k]) for counts in of_parts])),
            "auc": _auc(own, frames, rate_hz),
        }
    by_person = dict(zip(people, map(float, f1), strict=True))
    return {"f1_50": float(np.mean(f1)), "people": by_person, "parts": entries}


def _length(events: pd.DataFrame) -> float | None:
    """Return the median length of events in seconds, None without any."""
    return float((events["end_s"] - events["start_s"]).median()) if len(events) else None


def _f1(counts: np.ndarray) -> float:
    hits, detected, true = counts
    return float(np.nan_to_num(f1_score(hits, detected - hits, true - hits)))


def _auc(streams: Sequence[Stream], frames: Mapping[str, np.ndarray], rate_hz: float) -> float | None:
    """Return the area under the ROC curve of recorded frames within a person, the mean over people; None without scores."""
    areas = []
    for person in sorted({stream.person for stream in streams}):
        own = [s for s in streams if s.person == person and s.recording.tracks.video in frames]
        if own:
            on = [rasterise(s.truth, len(s.seen), rate_hz)[s.seen] for s in own]
            score = [frames[s.recording.tracks.video][s.seen] for s in own]
            areas.append(area_under_curve(np.concatenate(on), np.concatenate(score)))
    known = [area for area in areas if np.isfinite(area)]
    return float(np.mean(known)) if known else None


def _brows(folders: Mapping[str, str]) -> dict[str, float]:
    """Return the AUC of the brows' height at the recorded frames of ``BROWS_RAISED``, by person, and the mean."""
    if EXPRESSIONS not in folders:
        return {}
    table, events = _tables(folders[EXPRESSIONS])
    areas = {}
    for video in sorted(set(events.loc[events["label"] == BROWS_RAISED, "video"])):
        times_s, points = read_points(folders[EXPRESSIONS], video)
        segments = events.loc[events["video"] == video, ["start_s", "end_s"]].to_numpy(float)
        on = ((times_s[:, None] >= segments[:, 0]) & (times_s[:, None] < segments[:, 1])).any(1)
        person = f"{EXPRESSIONS}/{table.loc[table['video'] == video, 'subject'].iloc[0]}"
        areas[person] = float(area_under_curve(on, brow_height(points)))
    return {"auc": float(np.mean(list(areas.values()))), **areas} if areas else {}


def _rounded(value: Any) -> Any:
    """Return a result with its numbers rounded."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value
