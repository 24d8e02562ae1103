"""The studies: on the real clips every detector against both coders, on the stage against the exact truth."""

from collections.abc import Mapping
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
from kinesics.structures.events import empty_events, read_events_and_tubes, read_events_csv
from kinesics.structures.tracks import read_tracks
from kinesics.structures.vocabulary import in_order


def score_real_clips(
    truth: list[str], tracks: list[str], events: dict[str, dict[int, list[str]]], settings: dict
) -> dict[str, Any]:
    """Return the scores on real clips: ``agreement`` of the annotators, and ``detectors`` by name.

    ``truth`` is an events file a coder, ``tracks`` a tracks file a clip, ``events`` the events files of each detector and
    seed. A detector has two results: ``all``, judged on every label that a coder used, and ``own``, judged on those of
    them that it speaks about. ``settings`` are resamples, block_s and seed of ``score``.
    """
    coders = [read_events_csv(path) for path in truth]
    clips = [read_tracks(path) for path in tracks]
    durations = {clip.video: clip.duration_s for clip in clips}
    coders = [coder[coder["video"].isin(durations)] for coder in coders]
    rate_hz = clips[0].rate_hz
    settings = dict(settings, durations=durations, rate_hz=rate_hz)
    agreement = score(coders[0], coders[1], **settings)
    labels = agreement["labels"]
    detectors = {}
    for name, seeds in events.items():
        found = [
            pd.concat([read_events_csv(path) for path in paths], ignore_index=True)
            for _, paths in sorted(seeds.items())
        ]
        own = [label for label in labels if label in registry.find_detector(name).labels]
        detectors[name] = {
            "all": score(coders, found, labels=labels, **settings),
            "own": score(coders, found, labels=own, **settings),
        }
    return {"agreement": agreement, "detectors": detectors, "durations_s": durations}


def score_synthetic(
    videos: str | Path,
    truth: Mapping[str, str],
    truth_tubes: Mapping[str, str],
    tracks: Mapping[str, str],
    events: Mapping[str, Mapping[int, Mapping[str, str]]],
    tubes: Mapping[str, Mapping[int, Mapping[str, str]]],
    settings: Mapping[str, Any],
    *,
    models: Mapping[str, Mapping[int, str]] | None = None,
    frames: Mapping[str, str] | None = None,
    reference: str = "rules",
) -> dict[str, Any]:
    """Return the scores of detectors on a data set with exact truth: on its test split, and across its perturbations.

    videos: a CSV with a row a video, columns video, split, perturbation, severity, script. Videos of the split ``test`` are scored;
    those of ``perturbations`` play a script at severity 0 (no perturbation) and again, everything else equal, at each severity of each perturbation, and
    are scored for the detectors that have events of them all.
    truth, truth_tubes, tracks: files by video; events, tubes: files by detector, seed and video. models: files by detector and
    seed, whose thresholds say which of a detector's events are decisions; without one all are. frames: by video, the
    true boxes of every person in every frame (columns as of a tracks table), which say whom the tracker means; without
    them those of the true tubes do. settings: resamples and seed of ``score``, and permutations. Clusters are videos, on the
    perturbations scripts.

    Result: ``detectors: {name: {test, own, diagnosis, perturbations}}``, with ``test`` the ``score`` on every label of the truth,
    ``own`` on those that the detector speaks about, ``diagnosis`` that of ``diagnose``, and ``perturbations`` ``{perturbation: {severity:
    {metric: {value, low, high, n}}}}`` where a severity above 0 also has ``difference``, that to severity 0, in the same form;
    ``tests: {metric: {name: entry}}``, the difference of each detector to the ``reference`` on the test split, with p of the
    permutation test and ``p_holm``, corrected for the number of detectors; ``videos``, how many each split has.

    Raises KinesicsError if a video or a column is missing, or the reference is no detector.
    """
    table = _read_videos(videos)
    if reference not in events:
        raise KinesicsError(f"reference {reference!r} is not one of the detectors {', '.join(events)}")
    table = table[table["split"].isin(["test", "perturbed"])]
    coded, durations, assigned, people = {}, {}, {}, {}
    for video in table["video"]:
        for kind, files in (("truth", truth), ("true tubes", truth_tubes), ("tracks", tracks)):
            if video not in files:
                raise KinesicsError(f"{videos}: video {video!r} has no file of {kind}")
        coded[video] = read_events_and_tubes(truth[video], truth_tubes[video])
        track = read_tracks(tracks[video])
        durations[video], rate_hz = track.duration_s, track.rate_hz
        seen = pd.read_parquet(frames[video]) if frames else None
        true = boxes_of_tubes(*coded[video]) if seen is None else boxes_of_rows(seen)
        assigned[video] = match_persons(true, boxes_of_tracks(track), rate_hz)
        people[video] = int(max([-1, *coded[video][0]["person"], *true["person"]])) + 1
    of_split = {split: list(table["video"][table["split"] == split]) for split in ("test", "perturbed")}
    labels = in_order({label for video in of_split["test"] for label in coded[video][0]["label"]})
    permutations = settings.get("permutations", 2000)
    shared = {"resamples": settings["resamples"], "seed": settings["seed"]}
    whole = shared | {"block_s": np.inf, "rate_hz": rate_hz}
    least = {
        name: [decision_threshold(file) for _, file in sorted(seeds.items())] for name, seeds in (models or {}).items()
    }
    least = {name: least.get(name, [-np.inf] * len(seeds)) for name, seeds in events.items()}

    def joined(of_video: Mapping[str, EventsAndTubes], split: str) -> EventsAndTubes:
        """Put the tables of the videos of a split together."""
        tables, boxes, n = [empty_events()], [], 0
        for video in of_split[split]:
            tables.append(of_video[video][0])
            boxes.append(of_video[video][1].assign(event=of_video[video][1]["event"] + n))
            n += len(tables[-1])
        return pd.concat(tables, ignore_index=True), pd.concat(boxes, ignore_index=True)

    def predicted(detector: str, split: str) -> list[EventsAndTubes]:
        """Return the events of each seed, with the true persons' numbers, and their tubes."""
        seeds = []
        for seed, files in sorted(events[detector].items()):
            of_video = {}
            for video in of_split[split]:
                found, boxes = read_events_and_tubes(files[video], tubes[detector][seed][video])
                of_video[video] = remap_persons(found, assigned[video], people[video]), boxes
            seeds.append(joined(of_video, split))
        return seeds

    true, true_boxes = joined(coded, "test")
    long = {video: durations[video] for video in of_split["test"]}
    found = {name: predicted(name, "test") for name in events}
    result: dict[str, Any] = {"reference": reference, "labels": labels, "detectors": {}}
    result["videos"] = {split: len(names) for split, names in of_split.items()}
    tables = {name: [one for one, _ in seeds] for name, seeds in found.items()}
    boxes = {"truth": true_boxes} | {name: [one for _, one in seeds] for name, seeds in found.items()}
    for name in found:
        own = [label for label in labels if label in registry.find_detector(name).labels]
        settled = {"durations": long, "tubes": {"truth": true_boxes, "predicted": boxes[name]}}
        judged = {"thresholds": {"predicted": least[name]}, **settled, **whole}
        result["detectors"][name] = {
            "test": score(true, tables[name], labels=labels, **judged),
            "own": score(true, tables[name], labels=own, **judged),
            "diagnosis": diagnose(true, tables[name], labels=labels, rate_hz=rate_hz, **settled),
        }
    paired = {"durations": long, "labels": labels, "tubes": boxes, "permutations": permutations}
    result["tests"] = compare_to_reference(reference, true, tables, least, **paired, **whole)

    if of_split["perturbed"]:
        perturbed = table[table["split"] == "perturbed"]
        subsets = {key: list(rows["video"]) for key, rows in perturbed.groupby(["perturbation", "severity"])}
        base = next((key for key in subsets if key[1] == 0), None)
        if base is None:
            raise KinesicsError(
                f"{videos}: no video of the split 'perturbed' has severity 0, to which the others are compared"
            )
        true, true_boxes = joined(coded, "perturbed")
        for name in events:
            if not set(of_split["perturbed"]) <= set(next(iter(events[name].values()))):
                continue
            seeds = predicted(name, "perturbed")
            severities = score_subsets(
                true,
                [one for one, _ in seeds],
                subsets,
                baseline=base,
                clusters=dict(zip(perturbed["video"], perturbed["script"], strict=True)),
                durations={video: durations[video] for video in of_split["perturbed"]},
                labels=labels,
                tubes={"truth": true_boxes, "predicted": [one for _, one in seeds]},
                thresholds={"predicted": least[name]},
                rate_hz=rate_hz,
                **shared,
            )
            perturbations = {
                perturbation: {"0": _short(severities[base]["metrics"])}
                for perturbation, severity in subsets
                if severity
            }
            for (perturbation, severity), of_severity in severities.items():
                if severity:
                    perturbations[perturbation][str(severity)] = _short(of_severity["metrics"])
                    perturbations[perturbation][str(severity)]["difference"] = _short(of_severity["difference"])
            result["detectors"][name]["perturbations"] = perturbations
    return result


def _read_videos(path: str | Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(
            path, dtype={"video": str, "split": str, "perturbation": str, "script": str}, keep_default_na=False
        )
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    if missing := [
        column for column in ("video", "split", "perturbation", "severity", "script") if column not in table
    ]:
        raise KinesicsError(f"{path}: column {missing[0]!r} is missing; columns are {', '.join(table.columns)}")
    if (twice := table["video"][table["video"].duplicated()]).size:
        raise KinesicsError(f"{path}: video {twice.iloc[0]!r} stands there twice")
    return table


def _short(metrics: dict[str, Any]) -> dict[str, Any]:
    return {key: metrics[key] for key in SHORT if key in metrics}
