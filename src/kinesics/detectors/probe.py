"""A linear probe per label on frozen features of the face's and the person's crop.

Logistic regression with a ridge penalty on standardised tokens, one label against the rest, at the instants at which the
encoder was queried; the scores are interpolated to the tracks' frames, smoothed, and cut by hysteresis.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from kinesics.detectors.base import Arrays, EventsAndTubes, LearnedDetector
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import read_checkpoint
from kinesics.signals.event_assembly import events_from_scores
from kinesics.signals.recording import Recording
from kinesics.structures.features import Features
from kinesics.structures.timegrid import smooth
from kinesics.structures.vocabulary import LABELS as VOCABULARY

LABELS = tuple(VOCABULARY.index)

# Weight of the mean loss against half the squared norm of the weights: about one unit for a standardised dimension that
# separates the classes, and little for hundreds that do not.
FIT = 10.0
# With balanced classes a label is the likelier class from one half on.
ON, OFF = 0.5, 0.4
SMOOTH_S = 1.0
# Probabilities are unknown at frames farther than this from any query: two instants at the usual 2 Hz.
NEAR_S = 1.0


def fit(
    recordings: list[Recording], truth: list[pd.DataFrame], seed: int, validation: Sequence[Recording] = ()
) -> Arrays:
    """Return the probes: ``mean`` and ``scale`` (D,), and for each label with examples ``<label>.weight`` (D + 1,).

    Each annotator's labels of an instant are one example. A label needs at least two positive and two negative examples.
    ``validation`` is not used.
    """
    tokens, targets = [], []
    for recording in recordings:
        for person in recording.tracks.persons:
            times, values = crops(recording.features, person)
            for events in truth:
                rows = events[(events["video"] == recording.tracks.video) & (events["person"] == person)]
                tokens.append(values)
                targets.append(_active(rows, times))
    return learn(np.concatenate(tokens), np.concatenate(targets), LABELS, seed)


def learn(x: np.ndarray, y: np.ndarray, labels: Sequence[str], seed: int) -> Arrays:
    """Return the probes trained on examples ``x`` (n, D) and the labels that are on in them, ``y`` bool (n, labels)."""
    x = np.asarray(x, np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    checkpoint = {"mean": mean, "scale": scale}
    for column, label in enumerate(labels):
        if 2 <= y[:, column].sum() <= len(y) - 2:
            probe = LogisticRegression(C=FIT / len(x), class_weight="balanced", max_iter=1000, random_state=seed)
            probe.fit((x - mean) / scale, y[:, column])
            checkpoint[f"{label}.weight"] = np.append(probe.coef_[0], probe.intercept_)
    return checkpoint


def detect(recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes of the labels that the checkpoint ``model`` has probes of. ``seed`` is not used."""
    checkpoint = read_checkpoint(model, "probe")
    return events_from_scores(recording, scores(recording, checkpoint, LABELS, str(model)), ON, OFF)


def scores(
    recording: Recording, checkpoint: Arrays, labels: Sequence[str], where: str = "model"
) -> dict[tuple[int, str], np.ndarray]:
    """Return the smoothed probability of each (person, label with a probe) at each frame of the tracks, NaN where unknown.

    Raises KinesicsError, naming ``where`` the probes are from, if the features have another size than those of the training.
    """
    tracks = recording.tracks
    grid = (np.arange(tracks.frames) + 0.5) / tracks.rate_hz
    width = max(round(SMOOTH_S * tracks.rate_hz), 1)
    probabilities = {}
    for person in tracks.persons:
        times, values = crops(recording.features, person)
        if not len(times):
            continue
        if values.shape[1] != len(checkpoint["mean"]):
            raise KinesicsError(
                f"{where}: learned on {len(checkpoint['mean'])} numbers an instant, but the features of {tracks.video!r} "
                f"have {values.shape[1]}: they come from another encoder"
            )
        x = (values - checkpoint["mean"]) / checkpoint["scale"]
        for label in (name for name in labels if f"{name}.weight" in checkpoint):
            weight = checkpoint[f"{label}.weight"]
            probability = 1 / (1 + np.exp(-(x @ weight[:-1] + weight[-1])))
            near = np.abs(grid[:, None] - times).min(1) <= NEAR_S
            probabilities[person, label] = smooth(np.where(near, np.interp(grid, times, probability), np.nan), width)
    return probabilities


def crops(features: dict[str, Features], person: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times (n,) at which any crop of the person was encoded and the crops' tokens side by side (n, D).

    Tokens of a crop that was not encoded are 0. ``features`` are those of one encoder.
    """
    (single,) = features.values()
    parts = [single.crops[crop].of(person) for crop in sorted(single.crops)]
    times = np.unique(np.concatenate([part_times for part_times, _ in parts]))
    out = np.zeros((len(times), sum(tokens.shape[1] for _, tokens in parts)), np.float32)
    left = 0
    for part_times, tokens in parts:
        out[np.searchsorted(times, part_times), left : left + tokens.shape[1]] = tokens
        left += tokens.shape[1]
    return times, out


def _active(events: pd.DataFrame, times: np.ndarray) -> np.ndarray:
    """Return the labels that are on at each time: bool (n, labels)."""
    out = np.zeros((len(times), len(LABELS)), bool)
    for row in events.itertuples():
        if row.label in LABELS:
            out[(times >= row.start_s) & (times < row.end_s), LABELS.index(row.label)] = True
    return out


DETECTOR = LearnedDetector("probe", LABELS, detect, fit)
