"""Layers by hand: neighbours, products, attention with nothing to attend to, tokens that are held."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from support.networks import with_large_weights

from kinesics.models import layers
from kinesics.models.sequences import CROPS, SLOT


def test_steps_are_stacked_merged_and_repeated():
    x = jnp.arange(1.0, 5).reshape(1, 4, 1)
    assert layers.neighbours(x, 1)[0].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]
    assert layers.neighbours(x, 1, 2)[0].tolist() == [[0, 1, 3], [0, 2, 4], [1, 3, 0], [2, 4, 0]]
    assert layers.halve(x)[0].tolist() == [[1, 2], [3, 4]]
    assert layers.double(x)[0, :, 0].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert layers.coarser(jnp.array([[1, 0, 0, 0]])).tolist() == [[1, 0]]


def test_the_gradient_of_the_product_is_that_of_jax():
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(2, 3, 4)).astype(np.float32), random.normal(size=(4, 5)).astype(np.float32)
    ours = jax.grad(lambda *both: (layers.product(*both) ** 2).sum(), argnums=(0, 1))(x, kernel)
    theirs = jax.grad(lambda *both: ((both[0] @ both[1]) ** 2).sum(), argnums=(0, 1))(x, kernel)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.slow
def test_steps_attend_to_existing_neighbours_only():
    random = np.random.default_rng(0)
    attend = with_large_weights(layers.LocalAttention(8, 6, 2, 4, nnx.Rngs(0)))
    x = random.normal(size=(1, 10, 8)).astype(np.float32)
    source = random.normal(size=(1, 10, 6)).astype(np.float32)
    mask, valid = np.zeros((1, 10), np.float32), np.ones((1, 10), np.float32)
    alone = attend(x, source, mask, valid)
    np.testing.assert_allclose(alone, x + attend.out(jnp.zeros((1, 10, 8))), atol=1e-6)
    mask[0, 5] = 1
    changed = np.flatnonzero(np.abs(attend(x, source, mask, valid) - alone)[0].max(-1) > 1e-6)
    assert changed.tolist() == [3, 4, 5, 6, 7]
    valid[0, 4] = 0
    assert not attend(x, source, mask, valid)[0, 4].any()


def test_tokens_are_averaged_with_observed_neighbours_and_held():
    tokens, observed = np.zeros((1, 4, len(CROPS), 1), np.float32), np.zeros((1, 4, len(CROPS)), np.float32)
    tokens[0, :2, 0, 0], observed[0, :2, 0] = (3, 6), 1
    held = layers.hold_observed(tokens, observed)
    assert held.shape == (1, 4 * SLOT, len(CROPS))
    np.testing.assert_allclose(held[0, ::SLOT, 0], [(3 + 6 / 2) / 1.5, (6 + 3 / 2) / 1.5, 6, 0])
    assert not held[..., 1].any()
