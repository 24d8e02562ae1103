"""Studies of the proposal alone: how much of the encoder it needs, which of its parts, and how much to learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors.acquisition import POLICIES, SHARES, candidate_queries, keep_queries, select_queries
from kinesics.detectors.budgeted import DETECTOR, MODEL
from kinesics.encoders import registry
from kinesics.metrics.comparison import compare
from kinesics.metrics.scoring import score
from kinesics.models.inference import predict_times
from kinesics.models.temporal_model import Checkpoint
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.events import read_events_csv
from kinesics.structures.vocabulary import in_order

#: Policies agree where no call is made, or all of them.
ENDS = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class StudyData:
    """Files of a study of the proposal.

    ``test``, ``train``, ``val`` and ``clips`` are tracks files, ``features`` those of all of them. ``training_truth`` and
    ``truth`` are events files with the tracker's person ids, of the training and validation videos and of the test videos;
    ``annotators`` are those of the clips. ``models`` are the proposal's own checkpoints, one per seed.
    """

    test: Sequence[str]
    features: Sequence[str]
    truth: str
    models: Sequence[str]
    train: Sequence[str] = ()
    val: Sequence[str] = ()
    training_truth: str = ""
    clips: Sequence[str] = ()
    annotators: Sequence[str] = ()

    @classmethod
    def of(cls, files: Mapping[str, Any]) -> "StudyData":
        """Return the data of a rule's named inputs, of which some may be of no concern here."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in files.items() if name in names})


def budget_curve(
    data: StudyData,
    *,
    settings: Mapping[str, Any],
    shares: Sequence[float] = (0.0, *SHARES),
    policies: Sequence[str] = POLICIES,
) -> dict[str, Any]:
    """Return the scores of the proposal at every share and policy, and the proposal against ``uniform``.

    ``settings`` are those of ``score``. Subsets of the features of all queries stand in for the queries that a budget allows:
    a test shows that both give the same events. ``curve[policy]`` is a list of ``{share, calls, of, metrics}`` with the
    intervals of ``score`` over videos, ``kept`` what each has of the whole budget's mAP, and ``against_uniform`` the paired
    differences of ``uncertain`` and ``uniform`` at each share.
    """
    clips = _clips(data.test, data.features)
    true, settings = _prepared(clips, data.truth, settings)
    learned = [DETECTOR.read(Path(path)) for path in data.models]
    encoder = registry.find_encoder(DETECTOR.encoder)
    found: dict[tuple[str, float], list[list[pd.DataFrame]]] = {}
    made: dict[tuple[str, float], int] = {}
    for clip in clips:
        calls = candidate_queries(clip.tracks, encoder.rate_hz, encoder.crops)
        for model in learned:
            demand = DETECTOR.uncertainty(model, clip)
            for policy in policies:
                for share in shares:
                    if share in ENDS and policy != policies[0]:
                        continue
                    chosen = select_queries(policy, share, clip, calls, lambda _, demand=demand: demand)
                    few = clip.with_features(keep_queries(clip.features[DETECTOR.encoder], chosen))
                    found.setdefault((policy, share), []).append(predict_times(MODEL, model, few))
                    made[policy, share] = made.get((policy, share), 0) + len(chosen)
    # Events came clip by clip, within a clip seed by seed: a table a seed.
    seeds = len(learned)
    tables = {
        key: [pd.concat(of[seed::seeds], ignore_index=True) for seed in range(seeds)] for key, of in found.items()
    }
    scored, least = {}, [float(model["threshold"][0]) for model in learned]
    for key, of in tables.items():
        thresholds = {"predicted": least}
        scored[key] = score(true, of, thresholds=thresholds, **settings)["metrics"]
    curve = {
        policy: [
            {"share": share, "calls": made[at] // seeds, "of": made[policies[0], 1.0] // seeds, "metrics": scored[at]}
            for share in shares
            for at in [(policies[0] if share in ENDS else policy, share)]
        ]
        for policy in policies
    }
    whole = scored[policies[0], 1.0]["map"]["value"]
    for rows in curve.values():
        for row in rows:
            row["kept"] = row["metrics"]["map"]["value"] / whole if whole else None
    both = {"first": least, "second": least}
    against = [
        {
            "share": share,
            "metrics": compare(true, tables["uncertain", share], tables["uniform", share], thresholds=both, **settings)[
                "metrics"
            ],
        }
        for share in shares
        if {"uncertain", "uniform"} <= set(policies) and share not in ENDS
    ]
    return {"curve": curve, "against_uniform": against}


def ablation(
    data: StudyData, *, variant: str, options: Mapping[str, float], seeds: Sequence[int], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Train the proposal with other ``options`` and return its scores on the test videos.

    The result has ``metrics`` of ``score``, with options the paired ``difference`` to the proposal, and ``ece``, the error of
    calibration on the validation videos before and after it, the mean over seeds.
    """
    clips = _clips(data.test, data.features)
    true, settings = _prepared(clips, data.truth, settings)
    whole = learned = [DETECTOR.read(Path(path)) for path in data.models]
    if options:
        taught, held_out = (_clips(part, data.features) for part in (data.train, data.val))
        events = [read_events_csv(data.training_truth)]
        learned = [DETECTOR.fit(taught, events, seed, held_out, **options) for seed in seeds]
    tables = [_events(model, clips) for model in learned]
    thresholds = {"predicted": [float(model["threshold"][0]) for model in learned]}
    result = {"variant": variant, "metrics": score(true, tables, thresholds=thresholds, **settings)["metrics"]}
    if options:
        both = {"first": thresholds["predicted"], "second": [float(model["threshold"][0]) for model in whole]}
        others = [_events(model, clips) for model in whole]
        result["difference"] = compare(true, tables, others, thresholds=both, **settings)["metrics"]
    before, after = np.mean([model["calibration_error"] for model in learned], 0)
    result["ece"] = {"before": float(before), "after": float(after)}
    return result


def learning_curve(data: StudyData, *, seeds: Sequence[int], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train the proposal on the videos of ``data.train`` and return its scores there, on test videos and on real clips.

    Without ``data.models``, which are those trained on all of them, models are trained. ``settings`` are those of ``score``,
    block_s among them. The result has ``videos`` and ``seconds`` of training, and the metrics of ``score`` in ``training``,
    ``test`` and ``clips``: on synthetic data over whole videos; on clips, over blocks of them, decisions alone are judged.
    """
    taught, tested, unseen = (_clips(part, data.features) for part in (data.train, data.test, data.clips))
    if data.models:
        learned = [DETECTOR.read(Path(path)) for path in data.models]
    else:
        held_out, events = _clips(data.val, data.features), [read_events_csv(data.training_truth)]
        learned = [DETECTOR.fit(taught, events, seed, held_out) for seed in seeds]
    least = [float(model["threshold"][0]) for model in learned]
    result = {"videos": len(taught), "seconds": float(sum(clip.tracks.duration_s for clip in taught))}
    for name, videos, true in (("training", taught, data.training_truth), ("test", tested, data.truth)):
        known, whole = _prepared(videos, true, settings)
        found = [_events(model, videos) for model in learned]
        result[name] = score(known, found, thresholds={"predicted": least}, **whole)["metrics"]
    known = [read_events_csv(path) for path in data.annotators]
    found = [_events(model, unseen) for model in learned]
    found = [table[table["score"] >= level] for table, level in zip(found, least, strict=True)]
    durations = {clip.tracks.video: clip.tracks.duration_s for clip in unseen}
    known = [coder[coder["video"].isin(durations)] for coder in known]
    labels = in_order({label for coder in known for label in coder["label"]})
    shared = {"durations": durations, "labels": labels, "rate_hz": unseen[0].tracks.rate_hz}
    result["clips"] = score(known, found, **shared, **settings)["metrics"]
    return result


def _clips(tracks: list[str | Path], features: list[str | Path]) -> list[Recording]:
    names = {Path(path).stem for path in tracks}
    return read_recordings(tracks, [path for path in features if Path(path).stem in names])


def _events(model: Checkpoint, clips: list[Recording]) -> pd.DataFrame:
    return pd.concat([predict_times(MODEL, model, clip) for clip in clips], ignore_index=True)


def _prepared(clips: list[Recording], truth: str | Path, settings: dict) -> tuple[pd.DataFrame, dict]:
    """Return the truth of the clips, and the settings of ``score`` for whole videos."""
    events = read_events_csv(truth)
    durations = {clip.tracks.video: clip.tracks.duration_s for clip in clips}
    events = events[events["video"].isin(durations)].reset_index(drop=True)
    shared = {key: settings[key] for key in ("resamples", "seed")}
    labels = sorted(set(events["label"]))
    return events, shared | {"durations": durations, "labels": labels, "block_s": float("inf")}
