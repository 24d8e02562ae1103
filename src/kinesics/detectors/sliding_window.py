"""Baseline: a classifier of sliding windows, and soft-NMS.

Windows of eight lengths, each with what comes right before and after it, are cut into parts; the parts' means go through a
small network that says which labels have an event there (a window counts as one from a tIoU of one half on).
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise, losses, method
from kinesics.models.augmentation import LENGTH
from kinesics.models.decoding import CORE, FLOOR, run_in_windows
from kinesics.models.layers import coarser, halve, inputs, linear, neighbours, size
from kinesics.models.method import Segments, TemporalModel
from kinesics.models.pyramid import REACH, STRIDES, core_steps, grid, step_valid
from kinesics.models.sequences import PersonSequence

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

    def __call__(self, *given: jax.Array) -> jax.Array:
        x, valid = self.project(inputs(*given)) * given[-1][..., None], given[-1]
        outputs = []
        for hidden, out in zip(self.hidden, self.out, strict=True):
            x, valid = halve(x).reshape(x.shape[0], -1, 2, x.shape[2]).mean(2), coarser(valid)
            seen = neighbours(x * valid[..., None], max(PARTS) // 2 + 1)
            outputs.append(out(nnx.relu(hidden(seen))))
        logits = jnp.concatenate(outputs, 1)
        return logits.reshape(*logits.shape[:2], len(PARTS), self.labels)


def window_bounds(frames: int) -> np.ndarray:
    """Return start and stop in frames of every window: (N, PARTS, 2)."""
    middle, stride = grid(frames)
    half = stride[:, None] * np.array(PARTS) / 2
    return np.stack([middle[:, None] - half, middle[:, None] + half], -1)


def window_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    there = np.zeros((*window_bounds(LENGTH).shape[:2], labels), bool)
    start, stop = np.moveaxis(window_bounds(LENGTH), -1, 0)
    for first, last, label in segments:
        inter = (np.minimum(stop, last) - np.maximum(start, first)).clip(0)
        there[inter / (stop - start + last - first - inter) >= TIOU, int(label)] = True
    return {"there": there}


def loss(network: Classifier, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return the focal loss of the windows."""
    logits = network(*framewise.noisy_inputs(rows, key))
    there = rows["there"].astype(jnp.float32)
    wrong = losses.focal(logits, there, alpha=0.5) * step_valid(rows["valid"])[..., None, None]
    return wrong.sum() / jnp.maximum(there.sum(), 1)


def outputs(network: Classifier, sequence: PersonSequence) -> Segments:
    """Return every window that may have an event, with its score."""
    run = partial(framewise.forward, *nnx.split(network))
    mine, middle, _ = core_steps(CORE)
    spans = window_bounds(CORE + 2 * REACH)[mine]
    found = []
    for start, out in run_in_windows(run, sequence, REACH):
        scores = np.asarray(out)[0, mine]
        inside = middle + start < len(sequence.descriptor)
        for step, part, label in np.argwhere((scores >= FLOOR) & inside[:, None, None]):
            first, last = spans[step, part] + start - REACH
            found.append((first, last, label, scores[step, part, label]))
    return found


OPTIONS = {"sigma": 0.4, "width": 48}
MODEL = TemporalModel("windows", Classifier, loss, window_targets, outputs, method.identity, 1000, 2e-3, 0.5, OPTIONS)
DETECTOR = TemporalDetector(MODEL)
