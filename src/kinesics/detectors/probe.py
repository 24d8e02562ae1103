"""A linear probe a label on frozen features of the face's and the person's crop.

Logistic regression with a ridge penalty on standardised tokens, one label against the rest, on the instants at which the
encoder was asked; the scores are interpolated to the tracks' frames, smoothed, and cut by hysteresis.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from kinesics.detectors.base import LearnedDetector
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import read_checkpoint
from kinesics.signals.event_assembly import events_from_scores
from kinesics.signals.recording import Recording
from kinesics.structures.features import Features
from kinesics.structures.timegrid import smooth
from kinesics.structures.vocabulary import LABELS as VOCABULARY

LABELS = tuple(VOCABULARY.index)

# Weight of the mean loss against half the squared norm of the weights: about one unit a standardised dimension that tells
# the classes apart, and little for hundreds that do not.
FIT = 10.0
# With balanced classes one half is where a label becomes the likelier answer.
ON, OFF = 0.5, 0.4
SMOOTH_S = 1.0


def fit(
    clips: list[Recording], truth: list[pd.DataFrame], seed: int, validation: list[Recording] = ()
) -> dict[str, np.ndarray]:
    """Return the probes: ``mean`` and ``scale`` (D,), and for each label with examples ``<label>.weight`` (D + 1,).

    Every coder's opinion of an instant is one example. A label needs at least two positive and two negative ones.
    ``validation`` is not used.
    """
    tokens, targets = [], []
    for clip in clips:
        for person in clip.tracks.persons:
            times, values = crops(clip.features, person)
            for coder in truth:
                mine = coder[(coder["video"] == clip.tracks.video) & (coder["person"] == person)]
                tokens.append(values)
                targets.append(_active(mine, times))
    return learn(np.concatenate(tokens), np.concatenate(targets), LABELS, seed)


def learn(x: np.ndarray, y: np.ndarray, labels: Sequence[str], seed: int) -> dict[str, np.ndarray]:
    """Return the probes of examples ``x`` (n, D) and what is on in them, ``y`` bool (n, labels)."""
    x = np.asarray(x, np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    model = {"mean": mean, "scale": scale}
    for column, label in enumerate(labels):
        if 2 <= y[:, column].sum() <= len(y) - 2:
            probe = LogisticRegression(C=FIT / len(x), class_weight="balanced", max_iter=1000, random_state=seed)
            probe.fit((x - mean) / scale, y[:, column])
            model[f"{label}.weight"] = np.append(probe.coef_[0], probe.intercept_)
    return model


def detect(clip: Recording, model: Path | None, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes of the labels that the model has learned."""
    learned = read_checkpoint(model, "probe")
    return events_from_scores(clip, scores(clip, learned, LABELS, str(model)), ON, OFF)


def scores(
    clip: Recording, learned: dict[str, np.ndarray], labels: Sequence[str], where: str = "model"
) -> dict[tuple[int, str], np.ndarray]:
    """Return the smoothed probability of each (person, learned label) at each frame of the tracks, NaN where not known.

    Raises KinesicsError naming ``where`` the probes were learned if the features are not of the same length.
    """
    tracks = clip.tracks
    grid = (np.arange(tracks.frames) + 0.5) / tracks.rate_hz
    width = max(round(SMOOTH_S * tracks.rate_hz), 1)
    found = {}
    for person in tracks.persons:
        times, values = crops(clip.features, person)
        if not len(times):
            continue
        if values.shape[1] != len(learned["mean"]):
            raise KinesicsError(
                f"{where}: learned on {len(learned['mean'])} numbers an instant, but the features of {tracks.video!r} "
                f"have {values.shape[1]}: they come from another encoder"
            )
        x = (values - learned["mean"]) / learned["scale"]
        for label in (name for name in labels if f"{name}.weight" in learned):
            weight = learned[f"{label}.weight"]
            probability = 1 / (1 + np.exp(-(x @ weight[:-1] + weight[-1])))
            # Where the person was not seen for longer than two instants, nothing is known of them.
            near = np.abs(grid[:, None] - times).min(1) <= 1.0
            found[person, label] = smooth(np.where(near, np.interp(grid, times, probability), np.nan), width)
    return found


def crops(features: dict[str, Features], person: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times (n,) at which any crop of the person was seen and the crops' tokens side by side (n, D).

    A crop that was not seen is all zero. ``features`` are those of one encoder.
    """
    (features,) = features.values()
    seen = [features.crops[crop].of(person) for crop in sorted(features.crops)]
    times = np.unique(np.concatenate([part[0] for part in seen]))
    out = np.zeros((len(times), sum(part[1].shape[1] for part in seen)), np.float32)
    left = 0
    for part_times, tokens in seen:
        out[np.searchsorted(times, part_times), left : left + tokens.shape[1]] = tokens
        left += tokens.shape[1]
    return times, out


def _active(events: pd.DataFrame, times: np.ndarray) -> np.ndarray:
    """Return which labels are on at each time: bool (n, labels)."""
    out = np.zeros((len(times), len(LABELS)), bool)
    for row in events.itertuples():
        if row.label in LABELS:
            out[(times >= row.start_s) & (times < row.end_s), LABELS.index(row.label)] = True
    return out


DETECTOR = LearnedDetector("probe", LABELS, detect, fit)
