"""Compare the detectors on synthetic data against the exact truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import registry
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold
from kinesics.metrics.comparison import compare_to_reference, score_subsets
from kinesics.metrics.diagnosis import diagnose
from kinesics.metrics.identity import boxes_of_rows, boxes_of_tracks, boxes_of_tubes, match_persons, remap_persons
from kinesics.metrics.inputs import EventsAndTubes
from kinesics.metrics.scoring import SHORT, score
from kinesics.structures.events import empty_events, read_events_and_tubes
from kinesics.structures.tracks import read_tracks
from kinesics.structures.vocabulary import in_order

COLUMNS = ("video", "split", "perturbation", "severity", "script")


@dataclass(frozen=True, kw_only=True)
class SyntheticFiles:
    """Files of synthetic videos and of the detectors that were run on them.

    ``truth``, ``truth_tubes`` and ``tracks`` are by video; ``events`` and ``tubes`` by detector, seed and video.
    ``models`` are by detector and seed: their thresholds decide which of a detector's events are decisions; without one all
    are. ``frames``, by video, have the true boxes of every person in every frame (columns as of a tracks table), by which
    track ids are matched to true persons; without them the true tubes are used.
    """

    truth: Mapping[str, str]
    truth_tubes: Mapping[str, str]
    tracks: Mapping[str, str]
    events: Mapping[str, Mapping[int, Mapping[str, str]]]
    tubes: Mapping[str, Mapping[int, Mapping[str, str]]]
    models: Mapping[str, Mapping[int, str]] | None = None
    frames: Mapping[str, str] | None = None


def score_synthetic(
    videos: str | Path, files: SyntheticFiles, settings: Mapping[str, Any], *, reference: str = "rules"
) -> dict[str, Any]:
    """Return the scores of detectors on synthetic data: on its test split, and across its perturbations.

    ``videos`` is a CSV with one row per video and COLUMNS. Scored are the videos of the split ``test``, and those of the split
    ``perturbed``: they render a script at severity 0 (no perturbation) and again, everything else equal, at each severity of
    each perturbation, and are scored for the detectors that have events of them all. ``settings``: resamples and seed of
    ``score``, and permutations. Clusters are videos; of perturbed videos, scripts.

    Result: ``detectors: {name: {test, own, diagnosis, perturbations}}``, with ``test`` the ``score`` on every label of the
    truth, ``own`` on those in the detector's vocabulary, ``diagnosis`` that of ``diagnose``, and ``perturbations``
    ``{perturbation: {severity: {metric: {value, low, high, n}}}}`` where a severity above 0 also has ``difference``, that to
    severity 0, in the same form; ``tests: {metric: {name: entry}}``, the difference of each detector to the ``reference`` on
    the test split, with p of the permutation test and ``p_holm``, corrected for the number of detectors; ``videos``, how many
    each split has.

    Raises KinesicsError if a video or a column is missing, or the reference is no detector.
    """
    table = _read_videos(videos)
    if reference not in files.events:
        raise KinesicsError(f"reference {reference!r} is not one of the detectors {', '.join(files.events)}")
    table = table[table["split"].isin(["test", "perturbed"])]
    truth = _Truth.read(table, files, str(videos))
    thresholds = _thresholds(files)
    detectors, tests = _score_test(truth, files, thresholds, settings, reference)
    if len(perturbed := truth.videos("perturbed")):
        subsets = _subsets(table[table["split"] == "perturbed"], str(videos))
        for name, seeds in files.events.items():
            if set(perturbed) <= set(next(iter(seeds.values()))):
                predictions = truth.read_predictions(files, name, "perturbed")
                scores = _score_perturbations(truth, predictions, thresholds[name], subsets, settings)
                detectors[name]["perturbations"] = scores
    counts = {split: len(truth.videos(split)) for split in ("test", "perturbed")}
    return {"reference": reference, "labels": truth.labels, "detectors": detectors, "videos": counts, "tests": tests}


def _read_videos(path: str | Path) -> pd.DataFrame:
    text = dict.fromkeys(("video", "split", "perturbation", "script"), str)
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    if missing := [column for column in COLUMNS if column not in table]:
        raise KinesicsError(f"{path}: column {missing[0]!r} is missing; columns are {', '.join(table.columns)}")
    if (twice := table["video"][table["video"].duplicated()]).size:
        raise KinesicsError(f"{path}: video {twice.iloc[0]!r} stands there twice")
    return table


@dataclass(frozen=True)
class _Truth:
    """The truth of the scored videos and, by video, the true person of each track id.

    ``first_free`` is the first id that no true person of a video has: unmatched tracks are numbered from there.
    """

    table: pd.DataFrame
    events: dict[str, EventsAndTubes]
    durations: dict[str, float]
    person_of: dict[str, dict[int, int]]
    first_free: dict[str, int]
    rate_hz: float

    @classmethod
    def read(cls, table: pd.DataFrame, files: SyntheticFiles, where: str) -> "_Truth":
        events, durations, person_of, first_free, rate_hz = {}, {}, {}, {}, 0.0
        for video in table["video"]:
            for kind, paths in (
                ("truth", files.truth),
                ("true tubes", files.truth_tubes),
                ("tracks", files.tracks),
            ):
                if video not in paths:
                    raise KinesicsError(f"{where}: video {video!r} has no file of {kind}")
            events[video] = read_events_and_tubes(files.truth[video], files.truth_tubes[video])
            track = read_tracks(files.tracks[video])
            durations[video], rate_hz = track.duration_s, track.rate_hz
            frames = pd.read_parquet(files.frames[video]) if files.frames else None
            boxes = boxes_of_tubes(*events[video]) if frames is None else boxes_of_rows(frames)
            person_of[video] = match_persons(boxes, boxes_of_tracks(track), rate_hz)
            first_free[video] = int(max([-1, *events[video][0]["person"], *boxes["person"]])) + 1
        return cls(table, events, durations, person_of, first_free, rate_hz)

    def videos(self, split: str) -> list[str]:
        return list(self.table["video"][self.table["split"] == split])

    @property
    def labels(self) -> list[str]:
        return in_order({label for video in self.videos("test") for label in self.events[video][0]["label"]})

    def of_split(self, split: str) -> EventsAndTubes:
        return _join([self.events[video] for video in self.videos(split)])

    def durations_of(self, split: str) -> dict[str, float]:
        return {video: self.durations[video] for video in self.videos(split)}

    def read_predictions(self, files: SyntheticFiles, detector: str, split: str) -> list[EventsAndTubes]:
        """Return the events of each seed, with the ids of the true persons, and their tubes."""
        seeds = []
        for seed, paths in sorted(files.events[detector].items()):
            of_videos = []
            for video in self.videos(split):
                events, tubes = read_events_and_tubes(paths[video], files.tubes[detector][seed][video])
                of_videos.append((remap_persons(events, self.person_of[video], self.first_free[video]), tubes))
            seeds.append(_join(of_videos))
        return seeds


def _join(of_videos: Sequence[EventsAndTubes]) -> EventsAndTubes:
    """Return the tables of several videos as one."""
    tables, boxes, n = [empty_events()], [], 0
    for events, tubes in of_videos:
        tables.append(events)
        boxes.append(tubes.assign(event=tubes["event"] + n))
        n += len(events)
    return pd.concat(tables, ignore_index=True), pd.concat(boxes, ignore_index=True)


def _thresholds(files: SyntheticFiles) -> dict[str, list[float]]:
    """Return the decision threshold of each detector's seeds, minus infinity without a model."""
    known = {
        name: [decision_threshold(path) for _, path in sorted(seeds.items())]
        for name, seeds in (files.models or {}).items()
    }
    return {name: known.get(name, [-np.inf] * len(seeds)) for name, seeds in files.events.items()}


def _own_labels(detector: str, labels: Sequence[str]) -> list[str]:
    """Return those of the labels that are in the detector's vocabulary."""
    return [label for label in labels if label in registry.find_detector(detector).labels]


def _score_test(
    truth: _Truth,
    files: SyntheticFiles,
    thresholds: Mapping[str, list[float]],
    settings: Mapping[str, Any],
    reference: str,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the scores and diagnosis of each detector on the test split, and the tests against the reference."""
    events, tubes = truth.of_split("test")
    durations, labels = truth.durations_of("test"), truth.labels
    shared = {key: settings[key] for key in ("resamples", "seed")} | {"block_s": np.inf, "rate_hz": truth.rate_hz}
    predictions = {name: truth.read_predictions(files, name, "test") for name in files.events}
    tables = {name: [table for table, _ in seeds] for name, seeds in predictions.items()}
    boxes = {"truth": tubes} | {name: [boxes for _, boxes in seeds] for name, seeds in predictions.items()}
    detectors = {}
    for name in predictions:
        inputs = {"durations": durations, "tubes": {"truth": tubes, "predicted": boxes[name]}}
        scoring = {"thresholds": {"predicted": thresholds[name]}, **inputs, **shared}
        detectors[name] = {
            "test": score(events, tables[name], labels=labels, **scoring),
            "own": score(events, tables[name], labels=_own_labels(name, labels), **scoring),
            "diagnosis": diagnose(events, tables[name], labels=labels, rate_hz=truth.rate_hz, **inputs),
        }
    paired = {"durations": durations, "labels": labels, "tubes": boxes}
    paired |= {"permutations": settings.get("permutations", 2000)}
    return detectors, compare_to_reference(reference, events, tables, thresholds, **paired, **shared)


@dataclass(frozen=True)
class _Subsets:
    """The perturbed videos by (perturbation, severity), the subset at severity 0, and the script of each video."""

    videos: dict[tuple[str, int], list[str]]
    baseline: tuple[str, int]
    script_of: dict[str, str]


def _subsets(table: pd.DataFrame, where: str) -> _Subsets:
    videos = {key: list(rows["video"]) for key, rows in table.groupby(["perturbation", "severity"])}
    baseline = next((key for key in videos if key[1] == 0), None)
    if baseline is None:
        raise KinesicsError(
            f"{where}: no video of the split 'perturbed' has severity 0, to which the others are compared"
        )
    return _Subsets(videos, baseline, dict(zip(table["video"], table["script"], strict=True)))


def _score_perturbations(
    truth: _Truth,
    predictions: list[EventsAndTubes],
    thresholds: list[float],
    subsets: _Subsets,
    settings: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return {perturbation: {severity: metrics}} of one detector."""
    events, tubes = truth.of_split("perturbed")
    scores = score_subsets(
        events,
        [table for table, _ in predictions],
        subsets.videos,
        baseline=subsets.baseline,
        clusters=subsets.script_of,
        durations=truth.durations_of("perturbed"),
        labels=truth.labels,
        tubes={"truth": tubes, "predicted": [boxes for _, boxes in predictions]},
        thresholds={"predicted": thresholds},
        rate_hz=truth.rate_hz,
        resamples=settings["resamples"],
        seed=settings["seed"],
    )
    baseline = _short(scores[subsets.baseline]["metrics"])
    perturbations = {perturbation: {"0": baseline} for perturbation, severity in subsets.videos if severity}
    for (perturbation, severity), of_severity in scores.items():
        if severity:
            metrics = _short(of_severity["metrics"]) | {"difference": _short(of_severity["difference"])}
            perturbations[perturbation][str(severity)] = metrics
    return perturbations


def _short(metrics: dict[str, Any]) -> dict[str, Any]:
    return {key: metrics[key] for key in SHORT if key in metrics}
