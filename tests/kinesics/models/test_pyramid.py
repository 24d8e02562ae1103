"""The pyramid: targets that lie inside their events, shapes, ablations."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from support.networks import random_sequence, with_large_weights

from kinesics.models.optimization import initial_weights
from kinesics.models.pyramid import Ablation, Network, grid, targets
from kinesics.signals.descriptor import COLUMNS


def test_targets_lie_inside_their_events_and_give_their_ends():
    events = np.array([[3.0, 12.0, 0], [50.0, 170.0, 1], [60.0, 66.0, 1], [60.0, 75.0, 0]])
    positive, distance = targets(events, 192, 2)
    middle, stride = grid(192)
    ends = np.stack(
        [middle[:, None] - distance[..., 0] * stride[:, None], middle[:, None] + distance[..., 1] * stride[:, None]], -1
    )
    for label in range(2):
        segments = {tuple(row.round(3)) for row in ends[positive[:, label], label]}
        assert segments == {tuple(row[:2]) for row in events[events[:, 2] == label]}
    assert set(stride[positive[:, 1] & (ends[:, 1, 1] == 170)]) == {16}


@pytest.mark.slow
def test_outputs_have_the_documented_shapes():
    network = Network(len(COLUMNS), 5, 3, 16, nnx.Rngs(0))
    sequence = random_sequence(64)
    frame, steps = network(
        sequence.descriptor[None],
        sequence.tokens[None],
        sequence.observed[None],
        np.zeros((1, 2, 5)),
        np.ones((1, 64)),
    )
    assert frame.shape == (1, 64, 3)
    assert steps.shape == (1, 32 + 16 + 8 + 4, 3, 4)
    assert len(grid(64)[0]) == steps.shape[1]
    assert (steps[..., 1:3] >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ablation", "changes"),
    [
        (Ablation(), {"descriptor", "hidden", "tokens"}),
        (Ablation(descriptor=False), {"tokens"}),
        (Ablation(hidden=(0, 3)), {"descriptor", "tokens"}),
        (Ablation(tokens=False), {"descriptor", "hidden"}),
        (Ablation(scales=False), {"descriptor", "hidden", "tokens"}),
    ],
)
def test_an_ablation_removes_inputs(ablation, changes):
    make = partial(Network, len(COLUMNS), 5, 3, 16, ablation=ablation)
    network = with_large_weights(initial_weights(make, 0))
    one = random_sequence(64)

    def frames(descriptor: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        arrays = (descriptor[None], tokens[None], one.observed[None], np.zeros((1, 2, 5)), np.ones((1, 64)))
        return np.asarray(network(*map(jnp.asarray, arrays))[0])

    hidden, others = one.descriptor.copy(), one.descriptor.copy()
    hidden[:, [0, 3]] += 1
    others[:, 1] += 1
    before = frames(one.descriptor, one.tokens)
    after = {
        "descriptor": frames(others, one.tokens),
        "hidden": frames(hidden, one.tokens),
        "tokens": frames(one.descriptor, one.tokens + one.observed[..., None]),
    }
    assert {name for name, values in after.items() if not np.array_equal(values, before)} == changes
