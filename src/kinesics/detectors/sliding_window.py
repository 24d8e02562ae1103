"""Baseline: a classifier of sliding windows, and soft-NMS.

Windows of eight lengths are cut into parts; the means of these and of at least one more part on either side go through a
small network that outputs the logits of the labels. A window is positive for the labels of which an event has a tIoU of at
least one half with it.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise, losses
from kinesics.models.augmentation import LENGTH
from kinesics.models.decoding import CORE, FLOOR, run_in_windows
from kinesics.models.layers import coarser, halve, inputs, linear, neighbours, size
from kinesics.models.pyramid import REACH, STRIDES, core_steps, grid, step_valid
from kinesics.models.sequences import PersonSequence
from kinesics.models.temporal_model import Segments, TemporalModel, identity

PARTS = (5, 7)  # parts of a window, one stride each: 1, 1.4, 2, 2.8, 4, 5.6, 8 and 11.2 seconds at 10 Hz
TIOU = 0.5


class Classifier(nnx.Module):
    """Inputs to logits of windows about each step of the pyramid: (B, sum T / stride, PARTS, C)."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        width, self.labels = settings["width"], len(settings["labels"])
        around = 2 * (max(PARTS) // 2 + 1) + 1
        self.project = linear(size(settings), width, rngs)
        self.hidden = nnx.List([linear(around * width, width, rngs) for _ in STRIDES])
        self.out = nnx.List([linear(width, len(PARTS) * self.labels, rngs) for _ in STRIDES])

    def __call__(self, *arrays: jax.Array) -> jax.Array:
        valid = arrays[-1]
        x = self.project(inputs(*arrays)) * valid[..., None]
        outputs = []
        for hidden, out in zip(self.hidden, self.out, strict=True):
            x, valid = halve(x).reshape(x.shape[0], -1, 2, x.shape[2]).mean(2), coarser(valid)
            around = neighbours(x * valid[..., None], max(PARTS) // 2 + 1)
            outputs.append(out(nnx.relu(hidden(around))))
        logits = jnp.concatenate(outputs, 1)
        return logits.reshape(*logits.shape[:2], len(PARTS), self.labels)


def window_bounds(frames: int) -> np.ndarray:
    """Return start and stop in frames of every window: (N, PARTS, 2)."""
    middle, stride = grid(frames)
    half = stride[:, None] * np.array(PARTS) / 2
    return np.stack([middle[:, None] - half, middle[:, None] + half], -1)


def window_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Return the windows that are positive for each label: bool (N, PARTS, C)."""
    positive = np.zeros((*window_bounds(LENGTH).shape[:2], labels), bool)
    start, stop = np.moveaxis(window_bounds(LENGTH), -1, 0)
    for first, last, label in segments:
        inter = (np.minimum(stop, last) - np.maximum(start, first)).clip(0)
        positive[inter / (stop - start + last - first - inter) >= TIOU, int(label)] = True
    return {"there": positive}


def loss(network: Classifier, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return the focal loss of the windows."""
    logits = network(*framewise.noisy_inputs(rows, key))
    positive = rows["there"].astype(jnp.float32)
    focal = losses.focal(logits, positive, alpha=0.5) * step_valid(rows["valid"])[..., None, None]
    return focal.sum() / jnp.maximum(positive.sum(), 1)


def outputs(network: Classifier, sequence: PersonSequence) -> Segments:
    """Return each window and score for each label with a probability of at least FLOOR."""
    run = partial(framewise.forward, *nnx.split(network))
    in_core, middle, _ = core_steps(CORE)
    spans = window_bounds(CORE + 2 * REACH)[in_core]
    segments = []
    for start, out in run_in_windows(run, sequence, REACH):
        scores = np.asarray(out)[0, in_core]
        inside = middle + start < len(sequence.descriptor)
        for step, part, label in np.argwhere((scores >= FLOOR) & inside[:, None, None]):
            first, last = spans[step, part] + start - REACH
            segments.append((first, last, label, scores[step, part, label]))
    return segments


OPTIONS = {"sigma": 0.4, "width": 48}
MODEL = TemporalModel(
    "windows",
    make=Classifier,
    loss=loss,
    targets=window_targets,
    outputs=outputs,
    candidates=identity,
    steps=1000,
    rate=2e-3,
    decay=0.5,
    options=OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
