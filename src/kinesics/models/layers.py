"""Layers of the networks. The receptive field of every layer is a bounded number of steps before and after a step.

Arrays are float32 (B, T, W); ``valid`` is (B, T), 0 outside of the video: there every layer's output is 0, as its padding
is, so a window whose margin is at least the network's ``reach`` has the outputs of the whole video. Convolutions are written
as products of matrices over stacked neighbours: on a processor those run several times as fast as XLA's convolution.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.models.sequences import CROPS, SLOT


def neighbours(x: jax.Array, radius: int, dilation: int = 1) -> jax.Array:
    """Return each step with its ``radius`` neighbours on either side: (B, T, W) to (B, T, (2 radius + 1) W)."""
    steps, reach = x.shape[1], radius * dilation
    padded = jnp.pad(x, ((0, 0), (reach, reach), (0, 0)))
    return jnp.concatenate([padded[:, k * dilation : k * dilation + steps] for k in range(2 * radius + 1)], -1)


def halve(x: jax.Array) -> jax.Array:
    """Return pairs of steps side by side: (B, T, W) to (B, T / 2, 2 W)."""
    return x.reshape(x.shape[0], x.shape[1] // 2, 2 * x.shape[2])


def double(x: jax.Array) -> jax.Array:
    """Return every step twice: (B, T, W) to (B, 2 T, W)."""
    return jnp.repeat(x, 2, axis=1)


def linear(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    """Return a linear layer of zeros: ``optimization.initial_weights`` draws the weights of all layers at once."""
    return nnx.Linear(inputs, outputs, kernel_init=nnx.initializers.zeros, dot_general=_dot, rngs=rngs)


def _dot(x: jax.Array, kernel: jax.Array, *_: object, **__: object) -> jax.Array:
    return product(x, kernel)


@jax.custom_vjp
def product(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Return ``x`` (..., I) times ``kernel`` (I, O).

    With JAX's own gradient of it XLA copies one factor transposed; with this one nothing is copied.
    """
    return x @ kernel


def _product_gradient(factors: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = factors
    rows = x.reshape(-1, x.shape[-1]), gradient.reshape(-1, gradient.shape[-1])
    return gradient @ kernel.T, rows[0].T @ rows[1]


product.defvjp(lambda x, kernel: (x @ kernel, (x, kernel)), _product_gradient)


class Block(nnx.Module):
    """A residual convolution over three steps, ``dilation`` apart: x + W2 relu(W1 [neighbours of norm(x)])."""

    def __init__(self, width: int, rngs: nnx.Rngs, dilation: int = 1):
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        self.conv = linear(3 * width, width, rngs)
        self.out = linear(width, width, rngs)
        self.dilation = dilation

    def __call__(self, x: jax.Array, valid: jax.Array) -> jax.Array:
        inside = self.norm(x) * valid[..., None]
        return (x + self.out(nnx.relu(self.conv(neighbours(inside, 1, self.dilation))))) * valid[..., None]


class LocalAttention(nnx.Module):
    """Residual attention of each step to the steps of ``source`` at most ``radius`` away.

    Multi-head attention (Vaswani et al. 2017) within a window (Beltagy et al. 2020, Longformer, arXiv:2004.05150), its
    logits falling with the distance at a learned slope a head, one for what came before and one for what comes after
    (after Press et al. 2022, ALiBi, arXiv:2108.12409). An empty key of logit 0 and value 0 stands beside the others: the
    attention of a step whose neighbours are all masked is 0.
    """

    def __init__(self, width: int, source: int, radius: int, heads: int, rngs: nnx.Rngs):
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        self.query = linear(width, width, rngs)
        self.key = linear(source, width, rngs)
        self.value = linear(source, width, rngs)
        self.out = linear(width, width, rngs)
        self.slope = nnx.Param(jnp.tile(2.0 ** jnp.arange(heads, dtype=jnp.float32), (2, 1)))
        self.radius, self.heads = radius, heads

    def __call__(self, x: jax.Array, source: jax.Array, mask: jax.Array, valid: jax.Array) -> jax.Array:
        """Return (B, T, W). ``source`` (B, T, V) has one key per step, of which those with ``mask`` (B, T) count."""
        batch, steps, width = x.shape
        offset = (np.arange(steps)[None] - np.arange(steps)[:, None]) / self.radius  # (T, T), of the key from the query
        split = (batch, steps, self.heads, width // self.heads)
        query = self.query(self.norm(x)).reshape(split)
        key, value = self.key(source).reshape(split), self.value(source).reshape(split)
        # One slope per example: its gradient is summed over steps first, then over the batch; the other way is slow.
        before, after = jnp.tile(self.slope[:, None, :, None, None], (1, batch, 1, 1, 1))
        bias = before * np.minimum(offset, 0).astype(np.float32) - after * np.maximum(offset, 0).astype(np.float32)
        logits = jnp.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(width // self.heads) + bias
        logits = jnp.where((np.abs(offset) <= 1) & (mask[:, None, None] > 0), logits, -1e9)
        top = jax.lax.stop_gradient(jnp.maximum(logits.max(-1, keepdims=True), 0))
        weight = jnp.exp(logits - top)
        weight = weight / (weight.sum(-1, keepdims=True) + jnp.exp(-top))
        mixed = jnp.einsum("bhqk,bkhd->bqhd", weight, value).reshape(batch, steps, width)
        return (x + self.out(mixed)) * valid[..., None]


def coarser(valid: jax.Array) -> jax.Array:
    """Return whether either step of a pair is in the video: (B, T) to (B, T / 2)."""
    return valid.reshape(valid.shape[0], -1, 2).max(-1)


def hold_observed(tokens: jax.Array, observed: jax.Array) -> jax.Array:
    """Return the mean of the observed tokens of each slot and its neighbours: (B, S, crops, K) to (B, SLOT S, crops K)."""
    weighted = jnp.pad(tokens * observed[..., None], ((0, 0), (1, 1), (0, 0), (0, 0)))
    weight = jnp.pad(observed, ((0, 0), (1, 1), (0, 0)))
    total = weighted[:, 1:-1] + 0.5 * (weighted[:, :-2] + weighted[:, 2:])
    share = weight[:, 1:-1] + 0.5 * (weight[:, :-2] + weight[:, 2:])
    mean = total / jnp.maximum(share, 1e-6)[..., None]
    return jnp.repeat(mean.reshape(*mean.shape[:2], -1), SLOT, axis=1)


def inputs(
    descriptor: jax.Array, tokens: jax.Array, observed: jax.Array, usual: jax.Array, valid: jax.Array
) -> jax.Array:
    """Return descriptor, tokens, and tokens less the person's mean token, side by side: (B, T, ``size``)."""
    relative = hold_observed(tokens - usual[:, None], observed)
    return jnp.concatenate([descriptor, hold_observed(tokens, observed), relative], -1) * valid[..., None]


def size(settings: dict) -> int:
    """Return the number of columns of ``inputs``."""
    return settings["descriptor"] + 2 * len(CROPS) * settings["token"]
