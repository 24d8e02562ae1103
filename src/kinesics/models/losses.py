"""Losses of temporal detection, element-wise, in JAX."""

import jax
import jax.numpy as jnp


def binary_cross_entropy(logits: jax.Array, target: jax.Array) -> jax.Array:
    """Return -y log p - (1 - y) log(1 - p) with p = sigmoid(logits); the target y may be any number in [0, 1]."""
    return jnp.maximum(logits, 0) - logits * target + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def focal(logits: jax.Array, target: jax.Array, alpha: float = 0.25, gamma: float = 2.0) -> jax.Array:
    """Return -a_t (1 - p_t)^gamma log p_t, where p_t is the probability of the target, 0 or 1 (Lin et al. 2017).

    a_t is ``alpha`` for positives and 1 - ``alpha`` for negatives.
    """
    p = jax.nn.sigmoid(logits)
    error = jnp.where(target > 0, 1 - p, p)
    return jnp.where(target > 0, alpha, 1 - alpha) * error**gamma * binary_cross_entropy(logits, target)


def segment_iou(predicted: jax.Array, true: jax.Array) -> jax.Array:
    """Return the tIoU of segments (..., 2) given as distances to start and end from a step inside both: (...)."""
    inter = jnp.minimum(predicted, true).sum(-1)
    return inter / jnp.maximum(jnp.maximum(predicted, true).sum(-1), 1e-6)


def diou(predicted: jax.Array, true: jax.Array) -> jax.Array:
    """Return 1 - tIoU + (distance of the middles / length of the hull)^2 (Zheng et al. 2020, arXiv:1911.08287).

    Segments are distances to start and end (..., 2), at least 0, from a step inside both.
    """
    middle = ((predicted[..., 1] - predicted[..., 0]) - (true[..., 1] - true[..., 0])) / 2
    hull = jnp.maximum(jnp.maximum(predicted, true).sum(-1), 1e-6)
    return 1 - segment_iou(predicted, true) + (middle / hull) ** 2
