"""The released gesture network against the package's own recorded output."""

import numpy as np
import pytest
from support import ROOT

from kinesics.detectors import envision
from kinesics.errors import KinesicsError

RECORDED = ROOT / "tests/data/envisionhgdetector/envisionhgdetector_3.0.8_WolfgangLanger.npz"


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    with np.load(RECORDED, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def network(source) -> envision.Network:
    return envision.load(source("envisionhgdetector"))


def test_the_network_has_the_outputs_of_the_package(recorded, network):
    _, output = envision.windows(network, recorded["features"])
    np.testing.assert_allclose(output, recorded["raw"], rtol=0, atol=5e-6)
    np.testing.assert_array_equal(envision.labels(output), recorded["label"])


def test_features_are_the_packages(recorded):
    poses = recorded["pose_world"]
    _, rows = envision.resample(poses, envision.WINDOW_RATE_HZ)
    np.testing.assert_array_equal(rows, recorded["features"][: len(poses)])


def test_segments_are_the_packages(recorded):
    segments = np.array(envision.segments(recorded["time"], recorded["label"].astype(int)))
    expected = np.stack([recorded["seg_start"], recorded["seg_end"], recorded["seg_label"]], 1)
    np.testing.assert_allclose(segments, expected, rtol=0, atol=1e-9)


def test_windows_with_a_long_gap_have_outputs_of_zero(network):
    poses = np.random.default_rng(0).normal(size=(100, 33, 4)).astype(np.float32)
    poses[40:60] = np.nan
    times, rows = envision.resample(poses, 10.0)
    middle, output = envision.windows(network, rows)
    reach = envision.WINDOW // 2 / envision.WINDOW_RATE_HZ
    has_gap = (times[middle] > 3.9 - reach + 0.01) & (times[middle] < 6.0 + reach - 0.01)
    assert has_gap.any()
    assert (output[has_gap] == 0).all()
    assert (output[~has_gap, 1] > 0).all()


def test_no_pose_and_one_pose_give_nothing(network):
    for count, valid in ((0, 0), (30, 0), (30, 1)):
        poses = np.full((count, 33, 4), np.nan, np.float32)
        poses[:valid] = 0.1
        times, rows = envision.resample(poses, 10.0)
        middle, output = envision.windows(network, rows)
        assert envision.segments(times[middle], envision.labels(output)) == []


def test_other_weights_are_refused(tmp_path):
    wrong = tmp_path / "weights.h5"
    wrong.write_bytes(b"not HDF5")
    with pytest.raises(KinesicsError, match=r"weights\.h5: not the weights of envisionhgdetector"):
        envision.load(wrong)
