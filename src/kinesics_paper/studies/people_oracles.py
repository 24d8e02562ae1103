"""Bounds on what can be detected of the annotated people: what tracker, signals and candidates leave to be found."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kinesics.metrics.matching import match_events
from kinesics.signals.rule_table import GRID
from kinesics.structures.timegrid import rasterise
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX
from kinesics_paper.studies.people_comparison import read_events
from kinesics_paper.studies.people_data import Key, People, read_people_data
from kinesics_paper.studies.people_left_out import columns_of, segments_of
from kinesics_paper.studies.speaking import area_under_curve
from kinesics_paper.studies.threshold_search import choose, decide, settings

#: An event with less than this share of its frames tracked is lost to the tracker.
LEAST_TRACKED = 0.5


def oracles(tracks: Sequence[str], features: Sequence[str], passes: Sequence[str], ranked_file: str) -> dict[str, Any]:
    """Return bounds that no detector judged here can pass, or only another sensor or another decision could.

    ``labels``: of each label the ``auc`` of its rule's column over all frames, ``auc_within`` people on average, and events
    ``lost`` to the tracker; ``lost``, of all. ``in_sample`` and ``own``: micro F1 of thresholds chosen on all people
    themselves, and on each group alone; ``recall``, of the annotated events the share that some candidate of
    ``ranked`` (its events, ``ranked_file``) matches, and ``f1``, that of the best choice of candidates.
    """
    data = read_people_data(tracks, features, passes)
    columns = columns_of(data, ())[0]
    truth, rate = segments_of(data, columns), data.recordings[0].tracks.rate_hz
    lost = _lost(data)
    labels = {}
    for label, (column, _) in GRID.items():
        on = {
            key: [rasterise(part.get(key, np.zeros((0, 2))), len(own[column]), rate) > 0 for part in truth[label]]
            for key, own in columns.items()
        }
        pooled = [
            area_under_curve(
                np.concatenate([on[key][k] for key in columns]),
                np.concatenate([columns[key][column] for key in columns]),
            )
            for k in range(len(data.truth))
        ]
        within = [area_under_curve(part, columns[key][column]) for key in columns for part in on[key]]
        known = [value for value in within if np.isfinite(value)]
        labels[label] = {
            "auc": float(np.nanmean(pooled)) if np.isfinite(pooled).any() else None,
            "auc_within": float(np.mean(known)) if known else None,
            "lost": lost.get(label, 0.0),
        }
    candidates = read_events(ranked_file)
    recalled = [
        (match_events(true, candidates[~candidates["decision"]].reset_index(drop=True), 0.5) >= 0).mean()
        for true in data.truth
    ]
    recall = float(np.mean(recalled))
    return {
        "labels": labels,
        "lost": float(np.average(list(lost.values()), weights=[_count(data, label) for label in lost])),
        "in_sample": _threshold_f1(data, [sorted(columns)]),
        "own": _threshold_f1(data, [[k for k in sorted(columns) if data.group[k[0]] == g] for g in data.groups]),
        "recall": recall,
        "f1": 2 * recall / (1 + recall),
    }


def _threshold_f1(data: People, parts: Sequence[Sequence[Key]]) -> float:
    """Return the micro F1 of the rules' settings chosen on the people of each part themselves."""
    columns = columns_of(data, ())[0]
    truth, rate = segments_of(data, columns), data.recordings[0].tracks.rate_hz
    rows = []
    for keys in parts:
        for label, (column, thresholds) in GRID.items():
            scores = {key: columns[key][column] for key in keys}
            rule = choose(settings(label, thresholds), scores, truth[label], rate)
            for (video, person), _, start, stop, score in decide(rule, scores, rate) if rule else []:
                rows.append((video, person, label, start / rate, stop / rate, score))
    found = pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s", "score"])
    hits = [int((match_events(true, found, 0.5) >= 0).sum()) for true in data.truth]
    return float(np.mean([2 * h / (len(found) + len(true)) for h, true in zip(hits, data.truth, strict=True)]))


def _lost(data: People) -> dict[str, float]:
    """Return, by label, the share of annotated events during which the person is tracked in too few frames."""
    counts: dict[str, list[float]] = {}
    tracks = {recording.tracks.video: recording.tracks for recording in data.recordings}
    seen: dict[Key, np.ndarray] = {}
    for video, own in tracks.items():
        for person in own.persons:
            boxes = [own.dense(person, box[0]) for box in (FACE_BOX, PERSON_BOX)]
            seen[video, person] = np.isfinite(np.stack([np.asarray(b, float).ravel() for b in boxes])).any(0)
    for table in data.truth:
        for row in table.itertuples(index=False):
            frames = seen.get((row.video, int(row.person)))
            rate = tracks[row.video].rate_hz
            inside = frames[int(row.start_s * rate) : int(np.ceil(row.end_s * rate))] if frames is not None else []
            share = float(np.mean(inside)) if len(inside) else 0.0
            counts.setdefault(row.label, []).append(float(share < LEAST_TRACKED))
    return {label: float(np.mean(values)) for label, values in counts.items()}


def _count(data: People, label: str) -> int:
    return sum(int((table["label"] == label).sum()) for table in data.truth)
