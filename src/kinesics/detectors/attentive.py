"""Baseline: an attentive probe, which pools the descriptor and the tokens around each slot by learned attention.

After the attentive probes of frozen video encoders (Bardes et al. 2024, V-JEPA, arXiv:2404.08471): a learned query attends
to the projected inputs within some seconds, and a linear layer reads what it gets.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.layers import LocalAttention, inputs, linear, size
from kinesics.models.method import TemporalModel
from kinesics.models.sequences import SLOT

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

    def __call__(self, *given: jax.Array) -> jax.Array:
        x, valid = inputs(*given), given[-1]
        slots = x.reshape(x.shape[0], -1, SLOT, x.shape[-1]).mean(2)
        inside = valid.reshape(valid.shape[0], -1, SLOT).max(2)
        source = self.project(slots)
        query = jnp.broadcast_to(self.query[...], source.shape)
        pooled = self.attend(query, source, inside, inside)
        return jnp.repeat(self.out(self.norm(pooled)), SLOT, axis=1)


OPTIONS = {"sigma": 0.4, "smooth_s": 0.5, "width": 64}
MODEL = TemporalModel(
    "attentive",
    Attentive,
    framewise.loss,
    framewise.no_targets,
    framewise.probabilities,
    framewise.group_frames,
    500,
    3e-3,
    0.5,
    OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
