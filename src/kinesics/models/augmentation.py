"""Cut training windows from annotated sequences and augment them: speed, mirroring, additive noise."""

import jax
import numpy as np
import pandas as pd

from kinesics.models.method import Method
from kinesics.models.sequences import SLOT, Sequence, active, cut, segments_of, warp, windows

LENGTH = 336  # frames of a training example: half a minute at 10 Hz, also when it is slowed down a little


SPEEDS = (0.85, 1.0, 1.18)  # people act faster and slower


NOISE = 0.25  # standard deviations by which the stream is shaken at most in training


def examples(
    method: Method, found: list[Sequence], truth: list[pd.DataFrame], labels: list[str]
) -> dict[str, np.ndarray]:
    """Return training arrays: windows of LENGTH frames of each sequence and coder, at several speeds, and mirrored if
    that is known."""
    rows = []
    for sequence in found:
        for coder in truth:
            segments = segments_of(sequence, coder, labels)
            for speed in SPEEDS:
                for mirror in (False, True) if sequence.layout.mirror else (False,):
                    one, moved = warp(sequence, segments, speed, mirror)
                    rows += [
                        example(method, one, moved, start, len(labels)) for start in windows(len(one.stream), LENGTH)
                    ]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def example(method: Method, sequence: Sequence, segments: np.ndarray, start: int, labels: int) -> dict[str, np.ndarray]:
    """Return one window: inputs, and what each frame and step is to say."""
    inside = segments[(segments[:, 1] > start) & (segments[:, 0] < start + LENGTH)] - [start, start, 0]
    return {
        "stream": cut(sequence.stream, start, LENGTH),
        "tokens": cut(sequence.tokens, start // SLOT, LENGTH // SLOT),
        "asked": cut(sequence.asked, start // SLOT, LENGTH // SLOT),
        "motion": cut(sequence.stream[:, sequence.layout.motion].mean(1), start, LENGTH).reshape(-1, SLOT).mean(1),
        "valid": cut(np.ones(len(sequence.stream), np.float32), start, LENGTH),
        "active": active(inside, LENGTH, labels),
    } | method.targets(inside, labels)


def shaken(stream: jax.Array, key: jax.Array) -> jax.Array:
    """Return the stream with uniform noise of 256 levels: as good as more, and quicker to draw and to compile."""
    level = jax.random.bits(key, stream.shape, np.uint8).astype(np.float32)
    return stream + NOISE * (level / 127.5 - 1)
