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


def smooth_l1(predicted: jax.Array, true: jax.Array) -> jax.Array:
    """Return d^2 / 2 for d = |predicted - true| below 1, else d - 1/2 (Girshick 2015, Fast R-CNN)."""
    error = jnp.abs(predicted - true)
    return jnp.where(error < 1, 0.5 * error**2, error - 0.5)


def signed_distance(active: jax.Array, limit: float) -> jax.Array:
    """Return how far the nearest boundary is from each frame's middle, positive inside of an event: (B, T, C).

    ``active`` (B, T, C) is 1 where a label is on, ``limit`` is in frames. The distance is in units of a quarter of
    ``limit``, at most 4 in size, so that a sigmoid of it is a half at a boundary and saturates at the limit.
    """
    frame = jnp.arange(active.shape[1], dtype=jnp.float32)[None, :, None]
    begins = jnp.concatenate([jnp.zeros_like(active[:, :1]), jnp.abs(jnp.diff(active, axis=1))], 1) > 0
    before = jax.lax.cummax(jnp.where(begins, frame, -jnp.inf), axis=1)
    after = jax.lax.cummin(jnp.where(begins, frame, jnp.inf), axis=1, reverse=True)
    # A frame at which a new run begins is the first of that run: the next boundary lies after it.
    after = jnp.concatenate([after[:, 1:], jnp.full_like(after[:, :1], jnp.inf)], 1)
    away = jnp.minimum(frame + 0.5 - before, after - frame - 0.5)
    return jnp.where(active > 0, 1, -1) * jnp.minimum(away, limit) * (4 / limit)
