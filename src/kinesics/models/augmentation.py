"""Cut training windows from annotated sequences and augment them: speed, mirroring, additive noise."""

import jax
import numpy as np
import pandas as pd

from kinesics.models.sequences import (
    SLOT,
    PersonSequence,
    active,
    annotated_segments,
    pad_cut,
    time_warp,
    window_starts,
)
from kinesics.models.temporal_model import TemporalModel

#: Frames of a training window: half a minute at 10 Hz, also when it is slowed down a little.
LENGTH = 336
#: Playback speeds of the training windows: people act faster and slower.
SPEEDS = (0.85, 1.0, 1.18)
#: Largest noise that is added to the descriptor in training, in standard deviations.
NOISE = 0.25


def training_windows(
    model: TemporalModel, sequences: list[PersonSequence], truth: list[pd.DataFrame], labels: list[str]
) -> dict[str, np.ndarray]:
    """Return the training arrays of scaled sequences, one row per window.

    Windows have LENGTH frames. Each sequence is cut once per annotator and speed, and once more mirrored if its layout has
    the order of the mirrored columns.
    """
    rows = []
    for sequence in sequences:
        for events in truth:
            segments = annotated_segments(sequence, events, labels)
            for speed in SPEEDS:
                for mirror in (False, True) if sequence.layout.mirror else (False,):
                    warped, moved = time_warp(sequence, segments, speed, mirror)
                    rows += [
                        training_window(model, warped, moved, start, len(labels))
                        for start in window_starts(len(warped.descriptor), LENGTH)
                    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def training_window(
    model: TemporalModel, sequence: PersonSequence, segments: np.ndarray, start: int, labels: int
) -> dict[str, np.ndarray]:
    """Return the inputs and the targets of the window of a sequence that begins at the frame ``start``."""
    inside = segments[(segments[:, 1] > start) & (segments[:, 0] < start + LENGTH)] - [start, start, 0]
    return {
        "descriptor": pad_cut(sequence.descriptor, start, LENGTH),
        "tokens": pad_cut(sequence.tokens, start // SLOT, LENGTH // SLOT),
        "observed": pad_cut(sequence.observed, start // SLOT, LENGTH // SLOT),
        "motion": pad_cut(sequence.descriptor[:, sequence.layout.motion].mean(1), start, LENGTH)
        .reshape(-1, SLOT)
        .mean(1),
        "valid": pad_cut(np.ones(len(sequence.descriptor), np.float32), start, LENGTH),
        "active": active(inside, LENGTH, labels),
    } | model.targets(inside, labels)


def add_noise(descriptor: jax.Array, key: jax.Array) -> jax.Array:
    """Return the descriptor with uniform noise of 256 levels: as good as more, and quicker to draw and to compile."""
    level = jax.random.bits(key, descriptor.shape, np.uint8).astype(np.float32)
    return descriptor + NOISE * (level / 127.5 - 1)
