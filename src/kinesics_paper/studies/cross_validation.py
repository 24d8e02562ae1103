"""Cross-validate detectors on the open data sets: they are trained anew in every fold and scored on what it leaves out."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import registry
from kinesics.detectors.base import Temporal
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold, write_checkpoint
from kinesics.metrics.comparison import compare_to_reference
from kinesics.metrics.scoring import score
from kinesics.signals.recording import Recording
from kinesics.structures.events import read_events_csv
from kinesics.structures.timegrid import seconds
from kinesics.structures.vocabulary import in_order
from kinesics_paper.studies.recordings import cut_recording, read_open_recording

#: Share of each training video, at its end, on which settings are chosen and scores calibrated.
VALIDATION = 0.25
#: Units of the bootstrap and the permutation test: whole videos, all videos of a person, or blocks of time.
UNITS = ("video", "person", "block")


@dataclass(frozen=True)
class TrainingVideo:
    """A recording, cut where its last share VALIDATION begins, and the events of both parts, named after the parts."""

    training: Recording
    validation: Recording
    events: pd.DataFrame


def cross_validate(
    dataset: str,
    folder: str | Path,
    detectors: Mapping[str, Sequence[int]],
    settings: Mapping[str, Any],
    scoring: Mapping[str, Any],
    *,
    reference: str,
) -> dict[str, Any]:
    """Train, run and score detectors in the folds of an open data set whose files are in ``folder``.

    In each fold every seed of a detector is trained on the training videos but their ends, the share VALIDATION, which are
    its validation data, and is run on the test videos; the tests of all folds are scored as one. A label that a fold tests
    but has no training events of is left out everywhere, since no detector could output it.

    ``settings``: ``rate_hz`` of the descriptors, ``unit``, one of UNITS, and ``options`` of the methods that have steps.
    ``scoring``: resamples, seed, permutations, and block_s if blocks are the unit.

    Result: ``{labels, left_out, unit, units, videos, folds, rate_hz, options, validation, seeds (how many), reference,
    detectors: {name: score}, tests: {metric: {name: entry}}}``; an entry is the difference of a detector to the reference
    with p of the permutation test, and ``p_holm``, corrected for the number of detectors. Raises KinesicsError for another
    unit, and as ``read_open_recording`` and ``read_events_csv`` do.
    """
    if settings["unit"] not in UNITS:
        raise KinesicsError(f"unit {settings['unit']!r} is none of {', '.join(UNITS)}")
    folder = Path(folder)
    streams = pd.read_csv(folder / "streams.csv", dtype={"video": str, "subject": str}).set_index("video")
    splits = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
    truth = read_events_csv(folder / "events.csv")
    labels, left_out = scored_labels(truth, splits)
    truth = truth[truth["label"].isin(labels)].reset_index(drop=True)
    recordings = {video: read_open_recording(dataset, folder, video, settings["rate_hz"]) for video in streams.index}
    training_videos = {video: cut_training_video(recording, truth) for video, recording in recordings.items()}
    predictions, thresholds = {}, {}
    for name, seeds in detectors.items():
        predictions[name], thresholds[name] = _predict_folds(
            name, seeds, recordings, training_videos, splits, settings["options"]
        )
    tested = sorted({video for videos in splits.values() for video in videos["test"]})
    shared = {
        "durations": {video: recordings[video].tracks.duration_s for video in tested},
        "labels": labels,
        "block_s": scoring["block_s"] if settings["unit"] == "block" else np.inf,
        "clusters": streams["subject"].to_dict() if settings["unit"] == "person" else None,
        "rate_hz": settings["rate_hz"],
        **{key: scoring[key] for key in ("resamples", "seed")},
    }
    truth = truth[truth["video"].isin(tested)].reset_index(drop=True)
    scores = {
        name: score(truth, tables, thresholds={"predicted": thresholds[name]}, **shared)
        for name, tables in predictions.items()
    }
    tests = compare_to_reference(
        reference, truth, predictions, thresholds, permutations=scoring.get("permutations", 2000), **shared
    )
    persons = streams["subject"][tested].nunique()
    return {
        **{key: settings[key] for key in ("rate_hz", "unit", "options")},
        "validation": VALIDATION,
        "labels": labels,
        "left_out": left_out,
        "videos": len(tested),
        "folds": len(splits),
        "units": persons if settings["unit"] == "person" else scores[reference]["units"],
        "seeds": len(detectors[reference]),
        "reference": reference,
        "detectors": scores,
        "tests": tests,
    }


def scored_labels(truth: pd.DataFrame, splits: Mapping[str, Mapping[str, list[str]]]) -> tuple[list[str], list[str]]:
    """Return the labels that have training events in every fold that tests them, and those that in some fold have none."""
    untrained, tested = set(), set()
    for videos in splits.values():
        train, test = (set(truth["label"][truth["video"].isin(videos[part])]) for part in ("train", "test"))
        untrained |= test - train
        tested |= test
    return in_order(tested - untrained), in_order(untrained)


def _predict_folds(
    name: str,
    seeds: Sequence[int],
    recordings: Mapping[str, Recording],
    training_videos: Mapping[str, TrainingVideo],
    splits: Mapping[str, Mapping[str, list[str]]],
    options: Mapping[str, float],
) -> tuple[list[pd.DataFrame], list[dict[str, float]]]:
    """Return a detector's events of all folds' test videos, one table per seed, and the threshold of each video's model."""
    detector = registry.find_detector(name)
    tables, thresholds = [[] for _ in seeds], [{} for _ in seeds]
    for videos in splits.values():
        train = [training_videos[video] for video in videos["train"]]
        truth = pd.concat([video.events for video in train], ignore_index=True)
        for number, seed in enumerate(seeds):
            chosen = options if isinstance(detector, Temporal) else {}
            training, validation = [video.training for video in train], [video.validation for video in train]
            checkpoint = detector.fit(training, [truth], seed, validation, **chosen)
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / "model.safetensors"
                write_checkpoint(detector.name, checkpoint, path)
                for video in videos["test"]:
                    tables[number].append(detector.detect(recordings[video], path, seed)[0])
                    thresholds[number][video] = decision_threshold(path)
    return [pd.concat(of_seed, ignore_index=True) for of_seed in tables], thresholds


def cut_training_video(recording: Recording, truth: pd.DataFrame) -> TrainingVideo:
    """Return a recording in its two parts; an event across the cut is in both, cut itself."""
    rate_hz, end = recording.tracks.rate_hz, recording.tracks.frames
    edges = [0, round(end * (1 - VALIDATION)), end]
    parts = [cut_recording(recording, first, last) for first, last in pairwise(edges)]
    events = truth[truth["video"] == recording.tracks.video]
    tables = []
    for part, (first, last) in zip(parts, pairwise(edges), strict=True):
        begin, stop = seconds(first, rate_hz), seconds(last, rate_hz)
        inside = events[(events["end_s"] > begin) & (events["start_s"] < stop)]
        start_s, end_s = (inside[column].clip(begin, stop) - begin for column in ("start_s", "end_s"))
        tables.append(inside.assign(video=part.tracks.video, start_s=start_s, end_s=end_s))
    return TrainingVideo(*parts, pd.concat(tables, ignore_index=True))
