"""Frame scores become segments; frames outside of the video have no loss."""

import jax.numpy as jnp
import numpy as np
import pytest
from support.toy import RATE

from kinesics.models import framewise


def test_grouping_has_a_short_and_a_long_segment_of_one_rise():
    rise = np.zeros((40, 1))
    rise[5:30], rise[10:15] = 0.35, 0.95
    segments = framewise.group_frames(rise, {"smooth_s": 0, "rate_hz": RATE})
    assert {(start, stop) for start, stop, _, _ in segments} == {(5, 30), (10, 15)}


def test_frame_loss_by_hand():
    rows = {"active": jnp.array([[[1.0, 0.0], [1.0, 1.0]]]), "valid": jnp.array([[1.0, 0.0]])}
    assert framewise.frame_loss(jnp.zeros((1, 2, 2)), rows) == pytest.approx(2 * np.log(2))
    tokens = jnp.array([[[[2.0]], [[0.0]], [[4.0]]]])
    assert framewise.mean_token(tokens, jnp.array([[[1.0], [0.0], [1.0]]])).tolist() == [[[3.0]]]
