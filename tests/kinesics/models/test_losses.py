"""The losses by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from kinesics.models import losses


@pytest.mark.slow
def test_losses_by_hand():
    # p = 1/2: -log p = log 2; focal: alpha (1 - p)^2 log 2
    assert losses.binary_cross_entropy(jnp.zeros(2), jnp.array([0.0, 1.0])) == pytest.approx(np.log(2))
    assert losses.focal(jnp.zeros(2), jnp.array([1.0, 0.0])) == pytest.approx(np.array([0.25, 0.75]) * 0.25 * np.log(2))
    # [-2, 2] and [-1, 3] about the step: 3 in common of 5, middles 1 apart
    predicted, true = jnp.array([2.0, 2.0]), jnp.array([1.0, 3.0])
    assert losses.segment_iou(predicted, true) == pytest.approx(3 / 5)
    assert losses.diou(predicted, true) == pytest.approx(1 - 3 / 5 + (1 / 5) ** 2)
    assert losses.diou(true, true) == pytest.approx(0)
