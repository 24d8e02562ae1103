"""What the networks are made of. Every layer sees a bounded number of steps before and after a step, and nothing else.

Arrays are float32 (B, T, W); ``valid`` is (B, T), 0 outside of the video: there every layer's output is 0, as its padding
is, so a window whose margin is at least the network's ``reach`` gives what the whole video gives. Convolutions are written
as products of matrices over stacked neighbours: on a processor those run several times as fast as XLA's convolution.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


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


class Block(nnx.Module):
    """A residual convolution over three steps, ``dilation`` apart: x + W2 gelu(W1 [neighbours of norm(x)])."""

    def __init__(self, width: int, rngs: nnx.Rngs, dilation: int = 1):
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.conv = nnx.Linear(3 * width, width, rngs=rngs)
        self.out = nnx.Linear(width, width, kernel_init=nnx.initializers.normal(0.01), rngs=rngs)
        self.dilation = dilation

    def __call__(self, x: jax.Array, valid: jax.Array) -> jax.Array:
        inside = self.norm(x) * valid[..., None]
        return (x + self.out(nnx.gelu(self.conv(neighbours(inside, 1, self.dilation))))) * valid[..., None]


class LocalAttention(nnx.Module):
    """Residual attention of each step to the steps of ``source`` at most ``radius`` away, with a learned bias a distance.

    Multi-head attention (Vaswani et al. 2017) within a window (Beltagy et al. 2020, Longformer, arXiv:2004.05150). A step
    may attend to nothing: an empty key of logit 0 and value 0 stands beside the others, which also is what is attended to
    where ``mask`` leaves no key. Biases start as a falling slope a head (Press et al. 2022, ALiBi).
    """

    def __init__(self, width: int, source: int, radius: int, heads: int, rngs: nnx.Rngs):
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.query = nnx.Linear(width, width, rngs=rngs)
        self.key_value = nnx.Linear(source, 2 * width, rngs=rngs)
        self.out = nnx.Linear(width, width, kernel_init=nnx.initializers.normal(0.01), rngs=rngs)
        distance = np.abs(np.arange(-radius, radius + 1)) / radius
        self.bias = nnx.Param(jnp.asarray(-distance * 2.0 ** np.arange(heads)[:, None] / 2, jnp.float32))
        self.radius, self.heads = radius, heads

    def __call__(self, x: jax.Array, source: jax.Array, mask: jax.Array, valid: jax.Array) -> jax.Array:
        """Return (B, T, W): ``source`` (B, T, V) has a key a step, of which those with ``mask`` (B, T) exist."""
        batch, steps, width = x.shape
        r, heads, size = self.radius, self.heads, width // self.heads
        blocks = -(-steps // r)
        fill = ((0, 0), (0, blocks * r - steps), (0, 0))
        query = jnp.pad(self.query(self.norm(x)), fill).reshape(batch, blocks, r, heads, size)
        around = ((0, 0), (r, blocks * r - steps + r), (0, 0))

        def nearby(values: jax.Array) -> jax.Array:  # (B, T, V) to (B, blocks, 3 r, V)
            padded = jnp.pad(values, around).reshape(batch, blocks + 2, r, values.shape[-1])
            return jnp.concatenate([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], 2)

        key, value = jnp.split(nearby(self.key_value(source)), 2, -1)
        key, value = (part.reshape(batch, blocks, 3 * r, heads, size) for part in (key, value))
        offset = np.arange(3 * r)[None] - r - np.arange(r)[:, None]  # (r, 3 r), of the key from the query
        near = np.abs(offset) <= r
        bias = jnp.where(near, self.bias[:, np.clip(offset + r, 0, 2 * r)], -1e9)  # (heads, r, 3 r)
        logits = jnp.einsum("bnqhd,bnkhd->bnhqk", query, key) / np.sqrt(size) + bias
        logits = jnp.where(nearby(mask[..., None])[:, :, None, None, :, 0] > 0, logits, -1e9)
        top = jax.lax.stop_gradient(jnp.maximum(logits.max(-1, keepdims=True), 0))
        weight = jnp.exp(logits - top)
        weight = weight / (weight.sum(-1, keepdims=True) + jnp.exp(-top))
        mixed = jnp.einsum("bnhqk,bnkhd->bnqhd", weight, value).reshape(batch, blocks * r, width)[:, :steps]
        return (x + self.out(mixed)) * valid[..., None]


def coarser(valid: jax.Array) -> jax.Array:
    """Return whether either step of a pair is in the video: (B, T) to (B, T / 2)."""
    return valid.reshape(valid.shape[0], -1, 2).max(-1)
