"""Baseline: an ActionFormer-style temporal model, own implementation after the paper.

The inputs, one vector per frame, go through convolutions and a pyramid of transformer layers with local attention; shared
convolutional heads output for every step the logits of the labels and the distances to start and end, the same two numbers
for all labels (Zhang et al. 2022, arXiv:2202.07925). Of events that share a step the shortest is the target.
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
from kinesics.models.layers import LocalAttention, coarser, halve, inputs, linear, neighbours, size
from kinesics.models.optimization import QUICK
from kinesics.models.pyramid import PRIOR, REACH, STRIDES, core_steps, step_valid, targets
from kinesics.models.sequences import PersonSequence
from kinesics.models.temporal_model import Segments, TemporalModel, identity

RADIUS, HEADS = 9, 4  # steps that attention reaches: windows of 19, as in the paper


class Layer(nnx.Module):
    """A transformer layer on merged pairs of steps: (B, T, W) to (B, T / 2, W)."""

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
    """An output head: two convolutions, (B, T, W) to (B, T, outputs)."""

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

    def __call__(self, *arrays: jax.Array) -> jax.Array:
        valid = arrays[-1]
        x = nnx.relu(self.enter(inputs(*arrays))) * valid[..., None]
        x = nnx.relu(self.norm(self.conv(neighbours(x, 1)))) * valid[..., None]
        outputs = []
        for number, layer in enumerate(self.layers):
            valid = coarser(valid)
            x = layer(x, valid)
            distance = jax.nn.softplus(self.distances(x, valid) * self.scale[number])
            outputs.append(jnp.concatenate([self.classes(x, valid), distance], -1))
        return jnp.concatenate(outputs, 1)


def step_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Return the label whose event is the target of each step, bool (N, C), and its distances in strides, (N, 2)."""
    positive, distance = targets(segments, LENGTH, labels)
    length = np.where(positive, distance.sum(-1), np.inf)
    shortest = length.argmin(1)
    single = np.zeros_like(positive)
    single[np.arange(len(positive)), shortest] = positive.any(1)
    return {"there": single, "distance": distance[np.arange(len(positive)), shortest].astype(np.float16)}


def loss(network: ActionFormer, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return focal and DIoU loss."""
    steps = network(*framewise.noisy_inputs(rows, key))
    positive, distance = rows["there"].astype(jnp.float32), rows["distance"].astype(jnp.float32)
    count = jnp.maximum(positive.sum(), 1)
    classes = (losses.focal(steps[..., :-2], positive) * step_valid(rows["valid"])[..., None]).sum() / count
    return classes + (losses.diou(steps[..., -2:], distance) * positive.any(-1)).sum() / count


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def forward(structure: nnx.GraphDef, weights: nnx.State, *arrays: jax.Array) -> jax.Array:
    """Return the network's outputs with probabilities in place of logits."""
    steps = nnx.merge(structure, weights)(*arrays)
    return jnp.concatenate([jax.nn.sigmoid(steps[..., :-2]), steps[..., -2:]], -1)


def outputs(network: ActionFormer, sequence: PersonSequence) -> Segments:
    """Return each step's segment and score for each label with a probability of at least FLOOR."""
    run = partial(forward, *nnx.split(network))
    inside, middle, stride = core_steps(CORE)
    segments = []
    for start, out in run_in_windows(run, sequence, REACH):
        steps, at = np.asarray(out)[0, inside], middle + start
        here, label = np.nonzero((steps[:, :-2] >= FLOOR) & (at < len(sequence.descriptor))[:, None])
        before, after = (steps[here, -2:] * stride[here, None]).T
        segments += zip(at[here] - before, at[here] + after, label, steps[here, label], strict=True)
    return segments


OPTIONS = {"sigma": 0.4, "width": 64}
MODEL = TemporalModel(
    "actionformer",
    make=ActionFormer,
    loss=loss,
    targets=step_targets,
    outputs=outputs,
    candidates=identity,
    steps=1000,
    rate=2e-3,
    decay=0.5,
    options=OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
