"""Baseline: a multi-stage temporal convolutional segmenter, own implementation after MS-TCN.

Stages of dilated residual convolutions, the first on the inputs, the next on the probabilities of the one before; every
stage has a loss, which also penalises jumps between frames (Abu Farha & Gall 2019, arXiv:1903.01945). Labels overlap here,
so each has a sigmoid in place of the softmax.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.layers import inputs, linear, neighbours, size
from kinesics.models.temporal_model import TemporalModel

STAGES = 2
DILATIONS = (1, 2, 4, 8, 16, 32)
SMOOTH, CLIP = 0.15, 4.0  # weight of the smoothing loss and the jump from which it grows no more, as in the paper


class Stage(nnx.Module):
    """Dilated residual convolutions: (B, T, inputs) to logits (B, T, C)."""

    def __init__(self, inputs: int, width: int, labels: int, rngs: nnx.Rngs):
        self.enter = linear(inputs, width, rngs)
        self.convs = nnx.List([linear(3 * width, width, rngs) for _ in DILATIONS])
        self.mixes = nnx.List([linear(width, width, rngs) for _ in DILATIONS])
        self.out = linear(width, labels, rngs)

    def __call__(self, x: jax.Array, valid: jax.Array) -> jax.Array:
        x = self.enter(x) * valid[..., None]
        for dilation, conv, mix in zip(DILATIONS, self.convs, self.mixes, strict=True):
            x = (x + mix(nnx.relu(conv(neighbours(x, 1, dilation))))) * valid[..., None]
        return self.out(x)


class Segmenter(nnx.Module):
    """Stages one after the other: inputs to frame logits."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        width, labels = settings["width"], len(settings["labels"])
        self.stages = nnx.List([Stage(labels if k else size(settings), width, labels, rngs) for k in range(STAGES)])

    def all_stages(self, *arrays: jax.Array) -> jax.Array:
        """Return the logits of every stage: (B, STAGES, T, C)."""
        x, valid, logits = inputs(*arrays), arrays[-1], []
        for stage in self.stages:
            logits.append(stage(x, valid))
            x = nnx.sigmoid(logits[-1]) * valid[..., None]
        return jnp.stack(logits, 1)

    def __call__(self, *arrays: jax.Array) -> jax.Array:
        """Return the last stage's logits: (B, T, C)."""
        return self.all_stages(*arrays)[:, -1]


def loss(network: Segmenter, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return cross-entropy and smoothing loss, summed over the stages."""
    logits = network.all_stages(*framewise.noisy_inputs(rows, key))
    logp = jax.nn.log_sigmoid(logits)
    jump = jnp.minimum(jnp.abs(logp[:, :, 1:] - jax.lax.stop_gradient(logp[:, :, :-1])), CLIP) ** 2
    both = (rows["valid"][:, 1:] * rows["valid"][:, :-1])[:, None, :, None]
    smooth = (jump * both).sum() / jnp.maximum(both.sum(), 1)
    return sum(framewise.frame_loss(logits[:, k], rows) for k in range(STAGES)) + SMOOTH * smooth


OPTIONS = {"sigma": 0.4, "smooth_s": 0.3, "width": 48}
MODEL = TemporalModel(
    "mstcn",
    make=Segmenter,
    loss=loss,
    targets=framewise.no_targets,
    outputs=framewise.probabilities,
    candidates=framewise.group_frames,
    steps=1000,
    rate=2e-3,
    decay=0.5,
    options=OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
