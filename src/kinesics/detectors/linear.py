"""Baseline: a linear probe a frame on the stream and the tokens around it, cut by hysteresis."""

from functools import partial

import jax
from flax import nnx

from kinesics.models import fitting, framewise, inference
from kinesics.models.layers import inputs, linear, size
from kinesics.models.method import Method
from kinesics.structures.vocabulary import LABELS as VOCABULARY

LABELS = tuple(VOCABULARY.index)  # those of them that occur in the truth it learns from


class Probe(nnx.Module):
    """Inputs to frame logits (B, T, C)."""

    def __init__(self, settings: dict, rngs: nnx.Rngs):
        self.out = linear(size(settings), len(settings["labels"]), rngs)

    def __call__(self, *given: jax.Array) -> jax.Array:
        return self.out(inputs(*given))


OPTIONS = {"sigma": 0.4, "smooth_s": 0.5}
METHOD = Method(
    "linear",
    Probe,
    framewise.loss,
    framewise.no_targets,
    framewise.probabilities,
    framewise.grouped,
    500,
    1e-2,
    4.0,
    OPTIONS,
)
fit, detect = partial(fitting.fit, METHOD), partial(inference.detect, METHOD)
