"""Cut training windows from annotated sequences and augment them: speed, mirroring, additive noise."""

import jax
import numpy as np
import pandas as pd

from kinesics.models.method import TemporalModel
from kinesics.models.sequences import (
    SLOT,
    PersonSequence,
    active,
    annotated_segments,
    pad_cut,
    time_warp,
    window_starts,
)

LENGTH = 336  # frames of a training example: half a minute at 10 Hz, also when it is slowed down a little


SPEEDS = (0.85, 1.0, 1.18)  # people act faster and slower


NOISE = 0.25  # standard deviations by which the descriptor is shaken at most in training


def training_windows(
    method: TemporalModel, found: list[PersonSequence], truth: list[pd.DataFrame], labels: list[str]
) -> dict[str, np.ndarray]:
    """Return training arrays: windows of LENGTH frames of each sequence and coder, at several speeds, and mirrored if
    that is known."""
    rows = []
    for sequence in found:
        for coder in truth:
            segments = annotated_segments(sequence, coder, labels)
            for speed in SPEEDS:
                for mirror in (False, True) if sequence.layout.mirror else (False,):
                    one, moved = time_warp(sequence, segments, speed, mirror)
                    rows += [
                        training_window(method, one, moved, start, len(labels))
                        for start in window_starts(len(one.descriptor), LENGTH)
                    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def training_window(
    method: TemporalModel, sequence: PersonSequence, segments: np.ndarray, start: int, labels: int
) -> dict[str, np.ndarray]:
    """Return one window: inputs, and what each frame and step is to say."""
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
    } | method.targets(inside, labels)


def add_noise(descriptor: jax.Array, key: jax.Array) -> jax.Array:
    """Return the descriptor with uniform noise of 256 levels: as good as more, and quicker to draw and to compile."""
    level = jax.random.bits(key, descriptor.shape, np.uint8).astype(np.float32)
    return descriptor + NOISE * (level / 127.5 - 1)
