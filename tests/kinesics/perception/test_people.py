"""People in a frame: the assignment of landmarks, what counts as the same, and the parts of the frame that are searched."""

import numpy as np
import pytest

from kinesics.perception.faces import search_windows
from kinesics.perception.people import SMALLEST, assign, box_around, distinct


def test_the_assignment_is_the_cheapest_of_pairs_below_the_limit():
    cost = np.array([[0.1, 0.2, 9.0], [0.2, 0.9, 9.0], [9.0, 9.0, 1.0]])
    assert assign(cost, 1.0) == [(0, 1), (1, 0)]  # 0.2 + 0.2, not 0.1 + 0.9; 1.0 is not below the limit
    assert assign(cost[:, :0], 1.0) == []


def test_a_box_ends_at_the_frame():
    assert box_around(np.array([[-0.2, 0.3, 5.0], [0.4, 1.2, 5.0]])).tolist() == [0.0, 0.3, 0.4, 1.0]


def test_of_two_heads_in_one_place_the_first_is_kept():
    heads = [np.array([10.0, 10, 20]), np.array([15.0, 12, 18]), np.array([40.0, 10, 20])]
    assert [head[0] for head in distinct(heads, lambda head: head)] == [10, 40]


@pytest.mark.parametrize("size", [(1280, 720), (400, 300), (160, 64), (720, 1280)])
def test_every_face_fits_into_a_window_in_which_it_is_large_enough(size):
    windows = search_windows(np.array(size), SMALLEST)
    random = np.random.default_rng(0)
    for _ in range(300):
        side = random.uniform(SMALLEST, 0.5 * min(size))
        x, y = (random.uniform(side / 2, extent - side / 2) for extent in size)
        inside = [
            w
            for w in windows
            if abs(x - w[0]) <= (w[2] - side) / 2 + 1e-6 and abs(y - w[1]) <= (w[2] - side) / 2 + 1e-6
        ]
        assert max(side / w[2] for w in inside) > 0.09
