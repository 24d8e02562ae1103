"""Baseline: a linear probe a frame on the descriptor and the tokens around it, cut by hysteresis."""

import jax
from flax import nnx

from kinesics.detectors.temporal import TemporalDetector
from kinesics.models import framewise
from kinesics.models.layers import inputs, linear, size
from kinesics.models.method import TemporalModel


class Probe(nnx.Module):
    """Inputs to frame logits (B, T, C)."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        self.out = linear(size(settings), len(settings["labels"]), rngs)

    def __call__(self, *given: jax.Array) -> jax.Array:
        return self.out(inputs(*given))


OPTIONS = {"sigma": 0.4, "smooth_s": 0.5}
MODEL = TemporalModel(
    "linear",
    Probe,
    framewise.loss,
    framewise.no_targets,
    framewise.probabilities,
    framewise.group_frames,
    500,
    1e-2,
    4.0,
    OPTIONS,
)
DETECTOR = TemporalDetector(MODEL)
