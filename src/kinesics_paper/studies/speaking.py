"""Who speaks: how well ``signals.speaking`` tells it, against the annotation passes, on people left out.

In each fold the two logistic regressions, with sound and without, are fitted on the clips of other people, and applied to
those of the fold. A person of a clip weighs as the root of its frames, so that long clips do not decide alone. Scores are of
frames in which a face is tracked. Not every clip has sound; the mouth alone is measured on all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from kinesics.metrics.matching import f1_score
from kinesics.signals.speaking import speaking_inputs
from kinesics.structures.features import read_features
from kinesics.structures.timegrid import rasterise
from kinesics.structures.tracks import read_tracks
from kinesics_paper.datasets.people import groups, read_annotations, read_people
from kinesics_paper.datasets.people_tracks import number_as_tracked

LABEL = "speaking"
#: The inputs of ``speaking_inputs`` that each model takes.
MODELS: Mapping[str, list[int]] = {"with sound": [0, 1, 2], "mouth alone": [0]}
#: Frames, of speaking and of not speaking, without which a person's AUC has no meaning.
LEAST = 5
DIGITS = 6


@dataclass(frozen=True)
class _Stream:
    """A person of a clip: the inputs (frames, 3), and whether they speak, (frames,), in each annotation pass."""

    clip: str
    person: int
    inputs: np.ndarray
    truth: Sequence[np.ndarray]


def speaking_accuracy(tracks: Sequence[str], sounds: Sequence[str], passes: Sequence[str]) -> dict[str, Any]:
    """Return how well it is known who speaks, from tracks files, features of ``audio_activity`` and annotation passes.

    Result: {model: {``weights``: of the regression on all clips, ``auc``, ``f1``: of all frames, ``clips``: {clip: {person:
    {``auc``, ``f1``, ``share`` of the frames that are coded}}}, ``mean auc``, ``mean f1``: of those}}, each the mean over the
    passes. A score is None where it is not defined: F1 where nobody speaks in either, AUC with less than ``LEAST`` frames of
    speaking or of silence. Probabilities count as speaking from 0.5 on.
    """
    group = groups(read_people())
    streams = _streams(tracks, sounds, passes)
    results = {}
    for name, columns in MODELS.items():
        known = [stream for stream in streams if np.isfinite(stream.inputs[:, columns]).all(1).any()]
        outputs = [np.full(len(stream.inputs), np.nan) for stream in known]
        for fold in sorted({group[stream.clip] for stream in known}):
            weights = fit([stream for stream in known if group[stream.clip] != fold], columns)
            for stream, output in zip(known, outputs, strict=True):
                if group[stream.clip] == fold:
                    output[:] = weights[0] + stream.inputs[:, columns] @ weights[1:]
        results[name] = _scores(known, outputs) | {"weights": _rounded(fit(known, columns))}
    return results


def fit(streams: Sequence[_Stream], columns: list[int]) -> np.ndarray:
    """Return the constant and the weights of the logistic regression on some columns of the inputs."""
    inputs, truth, weights = [], [], []
    for stream in streams:
        chosen = stream.inputs[:, columns]
        seen = np.isfinite(chosen).all(1)
        for coded in stream.truth:
            inputs.append(chosen[seen])
            truth.append(coded[seen])
            weights.append(np.full(seen.sum(), seen.sum() ** -0.5))
    model = LogisticRegression(max_iter=1000).fit(
        np.concatenate(inputs), np.concatenate(truth), np.concatenate(weights)
    )
    return np.append(model.intercept_, model.coef_[0])


def area_under_curve(truth: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve of scores (N,), NaN with less than ``LEAST`` of either kind in ``truth`` (N,)."""
    positive = int(truth.sum())
    if min(positive, len(truth) - positive) < LEAST:
        return np.nan
    ranks = rankdata(scores)[truth].sum() - positive * (positive + 1) / 2
    return float(ranks / positive / (len(truth) - positive))


def _streams(tracks: Sequence[str], sounds: Sequence[str], passes: Sequence[str]) -> list[_Stream]:
    codings = [read_annotations(name) for name in passes]
    features = {sound.video: sound for sound in map(read_features, sounds)}
    streams = []
    for people in map(read_tracks, tracks):
        inputs = speaking_inputs(people, features.get(people.video))
        of_clip = [events[events["label"] == LABEL] for events in number_as_tracked(codings, people)]
        for person, values in inputs.items():
            segments = [events.loc[events["person"] == person, ["start_s", "end_s"]] for events in of_clip]
            truth = [rasterise(part.to_numpy(float), people.frames, people.rate_hz) for part in segments]
            streams.append(_Stream(people.video, person, values, truth))
    return streams


def _scores(streams: Sequence[_Stream], outputs: Sequence[np.ndarray]) -> dict[str, Any]:
    clips: dict[str, dict[str, Any]] = {}
    pooled: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in streams[0].truth]
    for stream, output in zip(streams, outputs, strict=True):
        seen = np.isfinite(output)
        pairs = [(coded[seen], output[seen]) for coded in stream.truth]
        for of_pass, pair in zip(pooled, pairs, strict=True):
            of_pass.append(pair)
        share = float(np.mean([coded.mean() for coded, _ in pairs]))
        clips.setdefault(stream.clip, {})[str(stream.person)] = _mean(pairs) | {"share": round(share, DIGITS)}
    of_all = _mean([tuple(map(np.concatenate, zip(*of_pass, strict=True))) for of_pass in pooled])
    entries = [entry for people in clips.values() for entry in people.values()]
    for score in ("auc", "f1"):
        defined = [entry[score] for entry in entries if entry[score] is not None]
        of_all[f"mean {score}"] = round(float(np.mean(defined)), DIGITS) if defined else None
    return of_all | {"clips": clips}


def _mean(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, float | None]:
    """Return the AUC and F1 of (truth, output) of each pass, averaged over the passes in which they are defined."""
    scores: dict[str, list[float]] = {"auc": [], "f1": []}
    for truth, output in pairs:
        on = output >= 0  # a probability of 0.5
        scores["auc"].append(area_under_curve(truth, output))
        scores["f1"].append(float(f1_score((on & truth).sum(), (on & ~truth).sum(), (~on & truth).sum())))
    defined = {name: [value for value in values if np.isfinite(value)] for name, values in scores.items()}
    return {name: round(float(np.mean(values)), DIGITS) if values else None for name, values in defined.items()}


def _rounded(weights: np.ndarray) -> list[float]:
    return [round(float(weight), 3) for weight in weights]
