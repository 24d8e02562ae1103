"""Baseline: an ActionFormer-style head, own implementation after the paper.

The inputs, one vector a frame, go through convolutions and a pyramid of transformer layers with local attention; shared
convolutional heads say of every step which label's event it is in and how far its start and end are, the same two numbers
for all labels (Zhang et al. 2022, arXiv:2202.07925). Of events that share a step the shortest is learned.
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
from kinesics.models.layers import LocalAttention, coarser, halve, inputs, linear, neighbours, size
from kinesics.models.method import Segments, TemporalModel
from kinesics.models.optimization import QUICK
from kinesics.models.pyramid import PRIOR, REACH, STRIDES, core_steps, step_valid, targets
from kinesics.models.sequences import PersonSequence

RADIUS, HEADS = 9, 4  # steps that attention reaches: windows of 19, as in the paper


class Layer(nnx.Module):
    """A transformer layer on pairs of steps merged: (B, T, W) to (B, T / 2, W)."""

    def __init__(self, width: int, rngs: nnx.Rngs):
        self.down = linear(2 * width, width, rngs)
        self.attend = LocalAttention(width, width, RADIUS, HEADS, rngs)
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        self.up, self.back = linear(width, 2 * width, rngs), linear(2 * width, width, rngs)

    def __call__(self, x: jax.Array, valid: jax.Array) -> jax.Array:
        x = self.down(halve(x)) * valid[..., None]
        x = self.attend(x, x, valid, valid)
        return (x + self.back(nnx.relu(self.up(self.norm(x))))) * valid[..., None]


class Head(nnx.Module):
    """Two convolutions and an output."""

    def __init__(self, width: int, outputs: int, bias: float, rngs: nnx.Rngs):
        self.conv, self.norm = linear(3 * width, width, rngs), nnx.RMSNorm(width, rngs=rngs)
        self.out = linear(3 * width, outputs, rngs)
        self.out.bias[...] = jnp.full(outputs, bias)

    def __call__(self, x: jax.Array, valid: jax.Array) -> jax.Array:
        x = nnx.relu(self.norm(self.conv(neighbours(x, 1)))) * valid[..., None]
        return self.out(neighbours(x, 1))


class ActionFormer(nnx.Module):
    """Inputs to step outputs (B, sum T / stride, C + 2): logits, then distances to start and end in strides."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        width = settings["width"]
        self.enter = linear(size(settings), width, rngs)
        self.conv, self.norm = linear(3 * width, width, rngs), nnx.RMSNorm(width, rngs=rngs)
        self.layers = nnx.List([Layer(width, rngs) for _ in STRIDES])
        self.classes = Head(width, len(settings["labels"]), float(np.log(PRIOR / (1 - PRIOR))), rngs)
        self.distances = Head(width, 2, 1.0, rngs)
        self.scale = nnx.Param(jnp.ones(len(STRIDES)))

    def __call__(self, *given: jax.Array) -> jax.Array:
        valid = given[-1]
        x = nnx.relu(self.enter(inputs(*given))) * valid[..., None]
        x = nnx.relu(self.norm(self.conv(neighbours(x, 1)))) * valid[..., None]
        outputs = []
        for number, layer in enumerate(self.layers):
            valid = coarser(valid)
            x = layer(x, valid)
            distance = jax.nn.softplus(self.distances(x, valid) * self.scale[number])
            outputs.append(jnp.concatenate([self.classes(x, valid), distance], -1))
        return jnp.concatenate(outputs, 1)


def step_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Return which label's event each step is to find, bool (N, C), and its distances in strides, (N, 2)."""
    there, distance = targets(segments, LENGTH, labels)
    length = np.where(there, distance.sum(-1), np.inf)
    shortest = length.argmin(1)
    one = np.zeros_like(there)
    one[np.arange(len(there)), shortest] = there.any(1)
    return {"there": one, "distance": distance[np.arange(len(there)), shortest].astype(np.float16)}


def loss(network: ActionFormer, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return focal and DIoU loss."""
    steps = network(*framewise.noisy_inputs(rows, key))
    there, distance = rows["there"].astype(jnp.float32), rows["distance"].astype(jnp.float32)
    count = jnp.maximum(there.sum(), 1)
    found = (losses.focal(steps[..., :-2], there) * step_valid(rows["valid"])[..., None]).sum() / count
    return found + (losses.diou(steps[..., -2:], distance) * there.any(-1)).sum() / count


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def forward(structure: nnx.GraphDef, weights: nnx.State, *given: jax.Array) -> jax.Array:
    steps = nnx.merge(structure, weights)(*given)
    return jnp.concatenate([jax.nn.sigmoid(steps[..., :-2]), steps[..., -2:]], -1)


def outputs(network: ActionFormer, sequence: PersonSequence) -> Segments:
    """Return every step's segment and score for each label that may be there."""
    run = partial(forward, *nnx.split(network))
    mine, middle, stride = core_steps(CORE)
    found = []
    for start, out in run_in_windows(run, sequence, REACH):
        steps, at = np.asarray(out)[0, mine], middle + start
        here, label = np.nonzero((steps[:, :-2] >= FLOOR) & (at < len(sequence.descriptor))[:, None])
        before, after = (steps[here, -2:] * stride[here, None]).T
        found += zip(at[here] - before, at[here] + after, label, steps[here, label], strict=True)
    return found


OPTIONS = {"sigma": 0.4, "width": 64}
MODEL = TemporalModel(
    "actionformer", ActionFormer, loss, step_targets, outputs, method.identity, 1000, 2e-3, 0.5, OPTIONS
)
DETECTOR = TemporalDetector(MODEL)
