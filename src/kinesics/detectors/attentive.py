"""Baseline: an attentive probe, which pools the descriptor and the tokens around each slot by learned attention.

After the attentive probes of frozen video encoders (Bardes et al. 2024, V-JEPA, arXiv:2404.08471): a learned query attends
to the projected inputs within two seconds, and a linear layer maps the pooled inputs to logits.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.layers import LocalAttention, inputs, linear, size
from kinesics.models.sequences import SLOT
from kinesics.models.temporal_model import TemporalModel

RADIUS = 5  # slots: two seconds at 10 Hz
HEADS = 4


class Attentive(nnx.Module):
    """Inputs to frame logits (B, T, C), equal within a slot."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        width = settings["width"]
        self.project = linear(size(settings), width, rngs)
        self.query = nnx.Param(jnp.ones(width))
        self.attend = LocalAttention(width, width, RADIUS, HEADS, rngs)
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        self.out = linear(width, len(settings["labels"]), rngs)

    def __call__(self, *arrays: jax.Array) -> jax.Array:
        x, valid = inputs(*arrays), arrays[-1]
        slots = x.reshape(x.shape[0], -1, SLOT, x.shape[-1]).mean(2)
        inside = valid.reshape(valid.shape[0], -1, SLOT).max(2)
        source = self.project(slots)
        query = jnp.broadcast_to(self.query[...], source.shape)
        pooled = self.attend(query, source, inside, inside)
        return jnp.repeat(self.out(self.norm(pooled)), SLOT, axis=1)


OPTIONS = {"sigma": 0.4, "smooth_s": 0.5, "width": 64}
MODEL = TemporalModel(
    "attentive",
    make=Attentive,
    loss=framewise.loss,
    targets=framewise.no_targets,
    outputs=framewise.probabilities,
    candidates=framewise.group_frames,
    steps=500,
    rate=3e-3,
    decay=0.5,
    options=OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
