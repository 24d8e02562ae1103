"""The study of the open data: detectors trained anew in every fold, and judged on who, or what, was left out."""

import json
import tempfile
from collections.abc import Mapping, Sequence
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

#: Share of each training video, its end, on which settings are chosen and scores calibrated.
VALIDATION = 0.25
#: What the bootstrap and the permutation test draw: whole videos, all videos of a person, or blocks of time.
UNITS = ("video", "person", "block")


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

    In each fold every seed of a detector learns from the training videos but their ends, the share VALIDATION, which are
    its validation clips, and is run on the test videos; the tests of all folds are scored as one. A label that a fold
    tests and does not teach could be found by nobody: it is left out everywhere.

    ``settings``: ``rate_hz`` of the streams, ``unit``, one of UNITS, and ``options`` of the methods that have steps.
    ``scoring``: resamples, seed, permutations, and block_s if blocks are the unit.

    Result: ``{labels, left_out, unit, units, videos, folds, rate_hz, options, validation, seeds (how many), reference,
    detectors: {name: score}, tests: {metric: {name: entry}}}``; an entry is the difference of a detector to the reference
    with p of the permutation test, and ``p_holm``, corrected for the number of detectors. Raises KinesicsError for another
    unit, and as ``read_clip`` and ``read_events`` do.
    """
    if settings["unit"] not in UNITS:
        raise KinesicsError(f"unit {settings['unit']!r} is none of {', '.join(UNITS)}")
    folder = Path(folder)
    streams = pd.read_csv(folder / "streams.csv", dtype={"video": str, "subject": str}).set_index("video")
    splits = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
    truth = read_events_csv(folder / "events.csv")
    labels, left_out = _judged(truth, splits)
    truth = truth[truth["label"].isin(labels)].reset_index(drop=True)
    clips = {video: read_open_recording(dataset, folder, video, settings["rate_hz"]) for video in streams.index}
    lessons = {video: _parted(clip, truth) for video, clip in clips.items()}
    found, least = {}, {}
    for name, seeds in detectors.items():
        found[name], least[name] = _detected(name, seeds, clips, lessons, splits, settings["options"])
    tested = sorted({video for videos in splits.values() for video in videos["test"]})
    shared = {
        "durations": {video: clips[video].tracks.duration_s for video in tested},
        "labels": labels,
        "block_s": scoring["block_s"] if settings["unit"] == "block" else np.inf,
        "clusters": streams["subject"].to_dict() if settings["unit"] == "person" else None,
        "rate_hz": settings["rate_hz"],
        **{key: scoring[key] for key in ("resamples", "seed")},
    }
    truth = truth[truth["video"].isin(tested)].reset_index(drop=True)
    scored = {
        name: score(truth, tables, thresholds={"predicted": least[name]}, **shared) for name, tables in found.items()
    }
    tests = compare_to_reference(
        reference, truth, found, least, permutations=scoring.get("permutations", 2000), **shared
    )
    people = streams["subject"][tested].nunique()
    return {
        **{key: settings[key] for key in ("rate_hz", "unit", "options")},
        "validation": VALIDATION,
        "labels": labels,
        "left_out": left_out,
        "videos": len(tested),
        "folds": len(splits),
        "units": people if settings["unit"] == "person" else scored[reference]["units"],
        "seeds": len(detectors[reference]),
        "reference": reference,
        "detectors": scored,
        "tests": tests,
    }


def _judged(truth: pd.DataFrame, splits: Mapping[str, Mapping[str, list[str]]]) -> tuple[list[str], list[str]]:
    """Return the labels that every fold which tests them also teaches, and those that some fold does not."""
    missing, there = set(), set()
    for videos in splits.values():
        taught, tested = (set(truth["label"][truth["video"].isin(videos[part])]) for part in ("train", "test"))
        missing |= tested - taught
        there |= tested
    return in_order(there - missing), in_order(missing)


def _detected(
    name: str,
    seeds: Sequence[int],
    clips: Mapping[str, Recording],
    lessons: Mapping[str, tuple[tuple[Recording, Recording], pd.DataFrame]],
    splits: Mapping[str, Mapping[str, list[str]]],
    options: Mapping[str, float],
) -> tuple[list[pd.DataFrame], list[dict[str, float]]]:
    """Return a detector's events of all folds' test videos, a table a seed, and the threshold of each video's model.

    ``lessons`` are those of ``_parted``.
    """
    detector = registry.find_detector(name)
    tables, least = [[] for _ in seeds], [{} for _ in seeds]
    for videos in splits.values():
        training, validation = ([lessons[video][0][k] for video in videos["train"]] for k in range(2))
        truth = pd.concat([lessons[video][1] for video in videos["train"]], ignore_index=True)
        for number, seed in enumerate(seeds):
            chosen = options if isinstance(detector, Temporal) else {}
            learned = detector.fit(training, [truth], seed, validation, **chosen)
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / "model.safetensors"
                write_checkpoint(detector.name, learned, path)
                for video in videos["test"]:
                    tables[number].append(detector.detect(clips[video], path, seed)[0])
                    least[number][video] = decision_threshold(path)
    return [pd.concat(of, ignore_index=True) for of in tables], least


def _parted(clip: Recording, truth: pd.DataFrame) -> tuple[tuple[Recording, Recording], pd.DataFrame]:
    """Return a clip in two parts, the second its last share VALIDATION, and the events of both; one cut in two is in both."""
    rate_hz, end = clip.tracks.rate_hz, clip.tracks.frames
    edges = [0, round(end * (1 - VALIDATION)), end]
    parts = tuple(cut_recording(clip, first, last) for first, last in pairwise(edges))
    events = truth[truth["video"] == clip.tracks.video]
    tables = []
    for one, (first, last) in zip(parts, pairwise(edges), strict=True):
        begin, stop = seconds(first, rate_hz), seconds(last, rate_hz)
        mine = events[(events["end_s"] > begin) & (events["start_s"] < stop)]
        start_s, end_s = (mine[column].clip(begin, stop) - begin for column in ("start_s", "end_s"))
        tables.append(mine.assign(video=one.tracks.video, start_s=start_s, end_s=end_s))
    return parts, pd.concat(tables, ignore_index=True)
