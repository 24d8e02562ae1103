"""Baseline: a linear probe of each frame on the descriptor and the tokens around it, cut by hysteresis."""

import jax
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.layers import inputs, linear, size
from kinesics.models.temporal_model import TemporalModel


class Probe(nnx.Module):
    """Inputs to frame logits (B, T, C)."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        self.out = linear(size(settings), len(settings["labels"]), rngs)

    def __call__(self, *arrays: jax.Array) -> jax.Array:
        return self.out(inputs(*arrays))


OPTIONS = {"sigma": 0.4, "smooth_s": 0.5}
MODEL = TemporalModel(
    "linear",
    make=Probe,
    loss=framewise.loss,
    targets=framewise.no_targets,
    outputs=framewise.probabilities,
    candidates=framewise.group_frames,
    steps=500,
    rate=1e-2,
    decay=4.0,
    options=OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
