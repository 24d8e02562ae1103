"""Baseline: the linear probe's frames smoothed by a hidden Markov model a label, on or off.

Emissions are the probe's probabilities over the label's share of frames (a scaled likelihood, Bourlard & Morgan 1994);
the chances to stay come from the lengths in the truth; scores are the posteriors of forward and backward (Rabiner 1989).
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors import linear
from kinesics.models import calibration, fitting, framewise, inference
from kinesics.models.method import Method, Model, read, settings_of
from kinesics.models.sequences import Sequence, active, segments_of, sequences
from kinesics.signals.recording import Clip
from kinesics.structures.vocabulary import LABELS as VOCABULARY

LABELS = tuple(VOCABULARY.index)  # those of them that occur in the truth it learns from
METHOD = replace(
    linear.METHOD, name="hmm", steps=1000, decay=0.05
)  # wants probabilities that are as sure as they can be


def fit(
    clips: list[Clip], truth: list[pd.DataFrame], seed: int, validation: list[Clip] = (), **options: float
) -> Model:
    """Return the linear probe's model with ``chances`` (C, 3): to enter, to leave, and of being on."""
    model = fitting.fit(METHOD, clips, truth, seed, **options)
    labels = settings_of(model)["labels"]
    on = [
        active(segments_of(one, coder, labels), len(one.stream), len(labels))
        for clip in clips
        for one in sequences(clip, None)
        for coder in truth
    ]
    enters = sum((np.diff(part, axis=0) > 0).sum(0) for part in on)
    frames = sum(part.sum(0) for part in on)
    total = sum(map(len, on))
    # One frame is added everywhere: no chance is 0 or 1.
    model["chances"] = np.stack(
        [(enters + 1) / (total - frames + 2), (enters + 1) / (frames + 2), (frames + 1) / (total + 2)], 1
    )
    method = _method(model)
    return model | (calibration.calibration(method, model, validation, truth) if validation else {})


def detect(clip: Clip, model: Path, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes with the model of this file. ``seed`` is not used."""
    learned = read(METHOD, model)
    return inference.events_of(_method(learned), learned, clip)


def posterior(probability: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Return the probability of being on in each frame given all frames: (T, C) from (T, C) and ``chances`` (C, 3)."""
    enter, leave, share = chances.T
    p = probability.clip(1e-4, 1 - 1e-4)
    emission = np.stack([(1 - p) / (1 - share), p / share], -1)  # (T, C, 2)
    move = np.stack([np.stack([1 - enter, enter], -1), np.stack([leave, 1 - leave], -1)], 1)  # (C, from, to)
    forward, backward = np.empty_like(emission), np.ones_like(emission)
    state = np.stack([1 - share, share], -1)
    for t, seen in enumerate(emission):
        state = (np.einsum("ci,cij->cj", state, move) if t else state) * seen
        state /= state.sum(-1, keepdims=True)
        forward[t] = state
    for t in range(len(emission) - 2, -1, -1):
        state = np.einsum("cij,cj->ci", move, emission[t + 1] * backward[t + 1])
        backward[t] = state / state.sum(-1, keepdims=True)
    both = forward * backward
    return both[..., 1] / both.sum(-1)


def _method(model: Model) -> Method:
    def outputs(network: linear.Probe, sequence: Sequence) -> np.ndarray:
        return posterior(framewise.probabilities(network, sequence), model["chances"])

    return replace(METHOD, outputs=outputs)
