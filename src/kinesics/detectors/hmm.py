"""Baseline: the linear probe's frames smoothed by a hidden Markov model per label with the states on and off.

Emissions are the probe's probabilities over the label's share of frames (a scaled likelihood, Bourlard & Morgan 1994);
transition probabilities come from the lengths in the truth; scores are the posteriors of the forward-backward algorithm
(Rabiner 1989).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors import linear
from kinesics.detectors.base import EventsAndTubes
from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.calibration import calibrate
from kinesics.models.fitting import fit_model
from kinesics.models.inference import predict_events
from kinesics.models.sequences import PersonSequence, active, annotated_segments, person_sequences
from kinesics.models.temporal_model import Checkpoint, TemporalModel, settings_of
from kinesics.signals.recording import Recording

# More steps and less decay than the linear probe: confident probabilities suit the posteriors.
MODEL = replace(linear.MODEL, name="hmm", steps=1000, decay=0.05)


class HmmDetector(TemporalDetector):
    """The linear probe, with the posteriors of a two-state hidden Markov model per label as frame scores."""

    def fit(
        self,
        recordings: list[Recording],
        truth: list[pd.DataFrame],
        seed: int,
        validation: Sequence[Recording] = (),
        **options: float,
    ) -> Checkpoint:
        """Return the linear probe's checkpoint with the ``transition_probabilities`` as ``chances``."""
        checkpoint = fit_model(self.model, recordings, truth, seed, **options)
        checkpoint["chances"] = transition_probabilities(recordings, truth, settings_of(checkpoint)["labels"])
        model = _with_posterior(checkpoint)
        return checkpoint | (calibrate(model, checkpoint, validation, truth) if validation else {})

    def detect(self, recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
        """Return events and tubes with the checkpoint of this file. ``seed`` is not used."""
        checkpoint = self.read(model)
        return predict_events(_with_posterior(checkpoint), checkpoint, recording)


def transition_probabilities(recordings: list[Recording], truth: list[pd.DataFrame], labels: list[str]) -> np.ndarray:
    """Return the probabilities per frame of entering an event, of leaving one, and of being in one, of each label: (C, 3)."""
    on = [
        active(annotated_segments(sequence, events, labels), len(sequence.descriptor), len(labels))
        for recording in recordings
        for sequence in person_sequences(recording, None)
        for events in truth
    ]
    enters = sum((np.diff(part, axis=0) > 0).sum(0) for part in on)
    frames = sum(part.sum(0) for part in on)
    total = sum(map(len, on))
    # One frame is added everywhere: no probability is 0 or 1.
    return np.stack([(enters + 1) / (total - frames + 2), (enters + 1) / (frames + 2), (frames + 1) / (total + 2)], 1)


def posterior(probability: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return the probability of being on in each frame given all frames: (T, C).

    ``probability`` (T, C) is that of each frame alone, ``transitions`` (C, 3) as ``transition_probabilities`` returns them.
    """
    enter, leave, share = transitions.T
    p = probability.clip(1e-4, 1 - 1e-4)
    emission = np.stack([(1 - p) / (1 - share), p / share], -1)  # (T, C, 2)
    move = np.stack([np.stack([1 - enter, enter], -1), np.stack([leave, 1 - leave], -1)], 1)  # (C, from, to)
    forward, backward = np.empty_like(emission), np.ones_like(emission)
    state = np.stack([1 - share, share], -1)
    for t, likelihood in enumerate(emission):
        state = (np.einsum("ci,cij->cj", state, move) if t else state) * likelihood
        state /= state.sum(-1, keepdims=True)
        forward[t] = state
    for t in range(len(emission) - 2, -1, -1):
        state = np.einsum("cij,cj->ci", move, emission[t + 1] * backward[t + 1])
        backward[t] = state / state.sum(-1, keepdims=True)
    both = forward * backward
    return both[..., 1] / both.sum(-1)


def _with_posterior(checkpoint: Checkpoint) -> TemporalModel:
    """Return the model whose outputs are the posteriors with the transition probabilities of a checkpoint."""

    def outputs(network: linear.Probe, sequence: PersonSequence) -> np.ndarray:
        return posterior(framewise.probabilities(network, sequence), checkpoint["chances"])

    return replace(MODEL, outputs=outputs)


DETECTOR = HmmDetector(MODEL)
