"""Training windows: each speed, mirrored or not, with the targets of the model."""

from dataclasses import replace

import jax
import numpy as np
import pandas as pd
import pytest
from support.networks import random_sequence

from kinesics.detectors import linear
from kinesics.models import augmentation
from kinesics.signals.layout import Layout


def test_windows_have_each_speed_and_mirror():
    sequence = random_sequence(augmentation.LENGTH)
    events = pd.DataFrame([("v", 0, "a", 1.0, 2.0)], columns=["video", "person", "label", "start_s", "end_s"])
    windows = augmentation.training_windows(linear.MODEL, [sequence], [events, events], ["a"])
    # slower than the recording, its frames take two windows
    assert {len(values) for values in windows.values()} == {2 * 2 * (2 + 1 + 1)}
    assert windows["descriptor"].shape[1] == augmentation.LENGTH
    plain = windows["active"][4, :, 0]
    np.testing.assert_array_equal(windows["descriptor"][4], sequence.descriptor)
    assert np.flatnonzero(plain).tolist() == list(range(10, 20))
    without_mirror = replace(sequence, layout=Layout(0, [1]))
    assert len(augmentation.training_windows(linear.MODEL, [without_mirror], [events], ["a"])["valid"]) == 4


@pytest.mark.slow
def test_noise_is_uniform_and_centred():
    descriptor = np.zeros((4, 100, 8), np.float32)
    noise = np.asarray(augmentation.add_noise(descriptor, jax.random.key(0)))
    assert np.abs(noise).max() <= augmentation.NOISE * 1.01
    assert abs(noise.mean()) < 0.01
    assert len(np.unique(noise)) > 200
