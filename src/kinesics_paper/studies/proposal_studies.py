"""Studies of the proposal alone: its token budget, its parts, and the amount of its training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

#: Shares at which all policies agree: no query is made, or all of them.
ENDS = (0.0, 1.0)

#: Tables of events, one per seed, by policy and share.
Tables = dict[tuple[str, float], list[pd.DataFrame]]


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

    def read_models(self) -> list[Checkpoint]:
        """Return the checkpoints, one per seed."""
        return [DETECTOR.read(Path(path)) for path in self.models]

    def read(self, tracks: Sequence[str | Path]) -> list[Recording]:
        """Return the recordings of these tracks with their features."""
        names = {Path(path).stem for path in tracks}
        return read_recordings(tracks, [path for path in self.features if Path(path).stem in names])


def budget_curve(
    data: StudyData,
    *,
    settings: Mapping[str, Any],
    shares: Sequence[float] = (0.0, *SHARES),
    policies: Sequence[str] = POLICIES,
) -> dict[str, Any]:
    """Return the scores of the proposal at every share of the queries and policy, and the proposal against ``uniform``.

    ``settings`` are those of ``score``. Subsets of the features of all queries stand in for the queries that a budget allows:
    a test shows that both give the same events. ``curve[policy]`` is a list of ``{share, calls, of, metrics}`` with the
    intervals of ``score`` over videos and ``kept``, the part of the whole budget's mAP; ``against_uniform`` are the paired
    differences of ``uncertain`` and ``uniform`` at each share.
    """
    recordings, models = data.read(data.test), data.read_models()
    truth, settings = _truth_and_settings(recordings, data.truth, settings)
    tables, queries = _predict_at_shares(recordings, models, shares, policies)
    thresholds = [float(model["threshold"][0]) for model in models]
    metrics = {
        key: score(truth, seeds, thresholds={"predicted": thresholds}, **settings)["metrics"]
        for key, seeds in tables.items()
    }
    full = policies[0], 1.0
    curve = {
        policy: [
            {
                "share": share,
                "calls": queries[at] // len(models),
                "of": queries[full] // len(models),
                "metrics": metrics[at],
            }
            for share in shares
            for at in [(policies[0] if share in ENDS else policy, share)]
        ]
        for policy in policies
    }
    best = metrics[full]["map"]["value"]
    for rows in curve.values():
        for row in rows:
            row["kept"] = row["metrics"]["map"]["value"] / best if best else None
    both = {"first": thresholds, "second": thresholds}
    against = []
    for share in shares:
        if {"uncertain", "uniform"} <= set(policies) and share not in ENDS:
            pair = tables["uncertain", share], tables["uniform", share]
            against.append({"share": share, "metrics": compare(truth, *pair, thresholds=both, **settings)["metrics"]})
    return {"curve": curve, "against_uniform": against}


def _predict_at_shares(
    recordings: Sequence[Recording], models: Sequence[Checkpoint], shares: Sequence[float], policies: Sequence[str]
) -> tuple[Tables, dict[tuple[str, float], int]]:
    """Return the events at each policy and share, and how many queries of all recordings and seeds were kept."""
    encoder = registry.find_encoder(DETECTOR.encoder)
    tables: Tables = {}
    queries: dict[tuple[str, float], int] = {}
    for recording in recordings:
        candidates = candidate_queries(recording.tracks, encoder.rate_hz, encoder.crops)
        for model in models:
            utility = DETECTOR.uncertainty(model, recording)
            for policy in policies:
                for share in shares:
                    if share in ENDS and policy != policies[0]:
                        continue
                    kept = select_queries(policy, share, recording, candidates, lambda _, utility=utility: utility)
                    features = keep_queries(recording.features[DETECTOR.encoder], kept)
                    events = predict_times(MODEL, model, recording.with_features(features))
                    tables.setdefault((policy, share), []).append(events)
                    queries[policy, share] = queries.get((policy, share), 0) + len(kept)
    # Events came recording by recording, within one seed by seed: one table per seed.
    seeds = len(models)
    joined = {
        key: [pd.concat(events[seed::seeds], ignore_index=True) for seed in range(seeds)]
        for key, events in tables.items()
    }
    return joined, queries


def ablation(
    data: StudyData, *, variant: str, options: Mapping[str, float], seeds: Sequence[int], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Train the proposal with other ``options`` and return its scores on the test videos.

    The result has ``metrics`` of ``score``, with options the paired ``difference`` to the proposal, and ``ece``, the
    expected calibration error on the validation videos before and after calibration, the mean over seeds.
    """
    recordings = data.read(data.test)
    truth, settings = _truth_and_settings(recordings, data.truth, settings)
    whole = models = data.read_models()
    if options:
        train, val = data.read(data.train), data.read(data.val)
        events = [read_events_csv(data.training_truth)]
        models = [DETECTOR.fit(train, events, seed, val, **options) for seed in seeds]
    tables = [_predict(model, recordings) for model in models]
    thresholds = {"predicted": [float(model["threshold"][0]) for model in models]}
    result = {"variant": variant, "metrics": score(truth, tables, thresholds=thresholds, **settings)["metrics"]}
    if options:
        both = {"first": thresholds["predicted"], "second": [float(model["threshold"][0]) for model in whole]}
        others = [_predict(model, recordings) for model in whole]
        result["difference"] = compare(truth, tables, others, thresholds=both, **settings)["metrics"]
    before, after = np.mean([model["calibration_error"] for model in models], 0)
    result["ece"] = {"before": float(before), "after": float(after)}
    return result


def learning_curve(
    data: StudyData,
    *,
    seeds: Sequence[int],
    settings: Mapping[str, Any],
    clusters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Train the proposal on the videos of ``data.train`` and return its scores there, on test videos and on real clips.

    Without ``data.models``, which are those trained on all of them, models are trained. ``settings`` are those of ``score``,
    block_s among them. The result has ``videos`` and ``seconds`` of training, and the metrics of ``score`` in ``training``,
    ``test`` and ``clips``: on synthetic data over whole videos; on clips, over ``clusters``, the people of each clip (default:
    over blocks of time), of the decisions alone.
    """
    train, test, clips = (data.read(part) for part in (data.train, data.test, data.clips))
    if data.models:
        models = data.read_models()
    else:
        val, events = data.read(data.val), [read_events_csv(data.training_truth)]
        models = [DETECTOR.fit(train, events, seed, val) for seed in seeds]
    thresholds = [float(model["threshold"][0]) for model in models]
    result = {"videos": len(train), "seconds": float(sum(recording.tracks.duration_s for recording in train))}
    for name, recordings, path in (("training", train, data.training_truth), ("test", test, data.truth)):
        truth, whole = _truth_and_settings(recordings, path, settings)
        tables = [_predict(model, recordings) for model in models]
        result[name] = score(truth, tables, thresholds={"predicted": thresholds}, **whole)["metrics"]
    result["clips"] = _score_clips(data, models, clips, {**settings, "clusters": clusters})
    return result


def _score_clips(
    data: StudyData, models: Sequence[Checkpoint], clips: Sequence[Recording], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the metrics of the decisions on real clips against their annotators."""
    tables = [_predict(model, clips) for model in models]
    decisions = [
        table[table["score"] >= float(model["threshold"][0])] for table, model in zip(tables, models, strict=True)
    ]
    durations = {clip.tracks.video: clip.tracks.duration_s for clip in clips}
    annotators = [read_events_csv(path) for path in data.annotators]
    annotators = [table[table["video"].isin(durations)] for table in annotators]
    labels = in_order({label for table in annotators for label in table["label"]})
    shared = {"durations": durations, "labels": labels, "rate_hz": clips[0].tracks.rate_hz}
    return score(annotators, decisions, **shared, **settings)["metrics"]


def _predict(model: Checkpoint, recordings: Sequence[Recording]) -> pd.DataFrame:
    return pd.concat([predict_times(MODEL, model, recording) for recording in recordings], ignore_index=True)


def _truth_and_settings(
    recordings: Sequence[Recording], truth: str | Path, settings: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the truth of the recordings, and the settings of ``score`` for whole videos."""
    events = read_events_csv(truth)
    durations = {recording.tracks.video: recording.tracks.duration_s for recording in recordings}
    events = events[events["video"].isin(durations)].reset_index(drop=True)
    shared = {key: settings[key] for key in ("resamples", "seed")}
    labels = sorted(set(events["label"]))
    return events, shared | {"durations": durations, "labels": labels, "block_s": float("inf")}
