"""The channel's statistics are those of the footage that it was measured on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import BLENDSHAPES
from kinesics.synthetic.measured_person import neutral_person
from kinesics.synthetic.perception_channel import (
    Movement,
    head_angles,
    log_odds,
    measure_channel,
    perceive,
    resting_noise,
)

SMILE, JAW = BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("jawOpen")
FRAMES = 4000
NEUTRAL = np.array([0.01] * 6 + [0.94])


@pytest.fixture(scope="module")
def footage():
    """Three people: the jaw's log-odds jitter by 0.3, and rise by 1 when the head turns by 30 degrees to either side."""
    rng, people = np.random.default_rng(0), []
    for k in range(3):
        person = neutral_person(FRAMES, 10.0, NEUTRAL).copy()
        yaw = np.repeat(rng.permutation(np.linspace(-30, 30, FRAMES // 20)), 20)
        person.arrays["head_matrix"][:, :3, :3] = Rotation.from_euler("y", yaw[:, None], degrees=True).as_matrix()
        odds = -2 + k + np.abs(yaw) / 30 + rng.normal(0, 0.3, FRAMES)
        person.arrays["blendshapes"][:, JAW] = 1 / (1 + np.exp(-odds))
        smile = np.repeat(rng.uniform(0, 0.5, FRAMES // 20), 20)
        person.arrays["blendshapes"][:, SMILE] = smile
        logs = np.zeros((FRAMES, 7))
        logs[:, 3] = 4 * smile - 2
        shares = np.exp(logs)
        person.expressions[:] = shares / shares.sum(1, keepdims=True)
        acting = np.arange(FRAMES) < 100
        person.arrays["left_hand"][25:100] = 0.5
        people.append((person, ~acting, acting))
    return people


def test_statistics_of_the_footage_are_recovered(footage):
    channel = measure_channel(footage)
    assert channel.hand_lost == pytest.approx(0.25)
    assert channel.lost == 0
    np.testing.assert_allclose(np.diff(channel.rest[:, JAW]), 1, atol=0.1)
    covariance = channel.jitter @ channel.jitter.T
    assert covariance[JAW, JAW] ** 0.5 == pytest.approx(0.3, rel=0.2)
    assert channel.leak[1, JAW] == pytest.approx(1, rel=0.1)  # the size of yaw
    assert abs(channel.leak[0, JAW]) < 0.05
    assert channel.coupling[SMILE, 3] > 1
    assert channel.coupling[SMILE, 3] > 3 * abs(channel.coupling[JAW, 3])


def test_noise_has_the_rest_and_the_jitter_that_were_measured(footage):
    channel = replace(measure_channel(footage), drift=np.zeros(len(BLENDSHAPES)))
    odds = log_odds(
        resting_noise(neutral_person(FRAMES, 10.0, NEUTRAL), channel, np.random.default_rng(1)).arrays["blendshapes"]
    )
    assert odds[:, JAW].std() == pytest.approx(0.3, rel=0.25)
    assert np.abs(odds[:, JAW].mean() - channel.rest[:, JAW]).min() < 0.1


def test_an_ideal_channel_adds_what_is_scripted(footage):
    channel, host = measure_channel(footage), neutral_person(50, 10.0, NEUTRAL)
    actions, angles = np.zeros((50, len(BLENDSHAPES))), np.zeros((50, 3))
    actions[10:20, SMILE] = 0.4
    exact = perceive(host, Movement(actions, angles, np.zeros(50)), channel.ideal(), np.random.default_rng(0))
    np.testing.assert_allclose(exact.arrays["blendshapes"], host.arrays["blendshapes"] + actions, atol=1e-9)
    assert exact.expressions[15, 3] > host.expressions[15, 3]
    movement = Movement(actions, angles, np.zeros(50))
    shown = [perceive(host, movement, channel, np.random.default_rng(k)).arrays["blendshapes"] for k in range(300)]
    size = np.log((np.array(shown)[:, 15, SMILE] - host.arrays["blendshapes"][15, SMILE]).clip(1e-3) / 0.4)
    assert size.std() == pytest.approx((channel.gain**2 + channel.tremor**2) ** 0.5, rel=0.25)


def test_turns_leak_and_lost_faces_are_lost(footage):
    channel, host = measure_channel(footage), neutral_person(1000, 10.0, NEUTRAL)
    turned = np.zeros((1000, 3))
    turned[500:, 0] = -30
    none = np.zeros((1000, len(BLENDSHAPES)))
    movement = Movement(none, turned, np.zeros(1000))
    moved = perceive(host, movement, channel, np.random.default_rng(0))
    odds = log_odds(moved.arrays["blendshapes"])[:, JAW]
    assert odds[600] - odds[400] == pytest.approx(1, rel=0.15)
    gone = resting_noise(host, replace(channel, lost=0.3), np.random.default_rng(0)).arrays["face"][:, 0, 0]
    assert np.isnan(gone).mean() == pytest.approx(0.3, abs=0.12)


def test_angles_are_those_of_the_matrix():
    matrix = np.eye(4)[None].repeat(2, 0)
    matrix[1, :3, :3] = Rotation.from_euler("YXZ", [20, -10, 5], degrees=True).as_matrix()
    np.testing.assert_allclose(head_angles(matrix), [[0, 0, 0], [20, 10, 5]], atol=0.5)


def test_nobody_at_rest_is_an_error():
    person = neutral_person(20, 10.0, NEUTRAL)
    with pytest.raises(KinesicsError, match="nobody"):
        measure_channel([(person, np.zeros(20, bool), np.ones(20, bool))])
