"""Inputs, loss and grouping of the temporal models that score frames."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.models import losses
from kinesics.models.augmentation import add_noise
from kinesics.models.decoding import CORE, run_in_windows
from kinesics.models.optimization import QUICK
from kinesics.models.pyramid import REACH
from kinesics.models.sequences import PersonSequence
from kinesics.models.temporal_model import Segments
from kinesics.structures.timegrid import hysteresis, smooth

#: Levels at which scores are cut: an event has to reach its level plus MARGIN, and ends where it falls below its level.
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
MARGIN = 0.1
MIN_S = 0.3  # shorter segments are dropped


def noisy_inputs(rows: dict[str, jax.Array], key: jax.Array) -> tuple[jax.Array, ...]:
    """Return a training batch's inputs: noisy descriptor, tokens, observed mask, mean token, valid mask."""
    tokens, observed = rows["tokens"], rows["observed"]
    return add_noise(rows["descriptor"], key), tokens, observed, mean_token(tokens, observed), rows["valid"]


def mean_token(tokens: jax.Array, observed: jax.Array) -> jax.Array:
    """Return the mean of the observed tokens, (B, crops, K); tokens that were not observed are 0."""
    return tokens.sum(1) / jnp.maximum(observed.sum(1), 1)[..., None]


def frame_loss(logits: jax.Array, rows: dict[str, jax.Array]) -> jax.Array:
    """Return the mean cross-entropy of the frames in the video, summed over labels."""
    loss = losses.binary_cross_entropy(logits, rows["active"]).sum(-1) * rows["valid"]
    return loss.sum() / jnp.maximum(rows["valid"].sum(), 1)


def loss(network: nnx.Module, rows: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    """Return ``frame_loss`` of a network that outputs frame logits."""
    return frame_loss(network(*noisy_inputs(rows, key)), rows)


def no_targets(segments: np.ndarray, labels: int) -> dict[str, np.ndarray]:
    """Return no arrays beside the labels of the frames, which every model has."""
    return {}


@partial(jax.jit, static_argnums=0, compiler_options=QUICK)
def forward(structure: nnx.GraphDef, weights: nnx.State, *inputs: jax.Array) -> jax.Array:
    """Return the network's outputs as probabilities."""
    return jax.nn.sigmoid(nnx.merge(structure, weights)(*inputs))


def probabilities(network: nnx.Module, sequence: PersonSequence) -> np.ndarray:
    """Return the probability of each label in each frame of a scaled sequence: (T, C)."""
    run = partial(forward, *nnx.split(network))
    parts = [np.asarray(out)[0, REACH : REACH + CORE] for _, out in run_in_windows(run, sequence, REACH)]
    return np.concatenate(parts)[: len(sequence.descriptor)]


def group_frames(probability: np.ndarray, settings: dict) -> Segments:
    """Return the segments in which a label's probability (T, C) stays high, cut by hysteresis at several levels.

    The score is the mean inside. Several levels give a short and a long candidate of one rise, of which soft-NMS chooses
    (temporal actionness grouping, Zhao et al. 2017, arXiv:1704.06228).
    """
    width = max(round(settings["smooth_s"] * settings["rate_hz"]), 1)
    shortest = max(round(MIN_S * settings["rate_hz"]), 1)
    segments = []
    for label, values in enumerate(smooth(probability, width).T):
        total = np.concatenate([[0.0], probability[:, label].cumsum()])
        for level in LEVELS:
            for start, stop in hysteresis(values, level + MARGIN, level, shortest):
                segments.append((start, stop, label, (total[stop] - total[start]) / (stop - start)))
    return segments
