"""Perturbations change nothing at severity 0, and more at each severity."""

import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.synthetic import perturbations
from kinesics.synthetic.render import Camera

CAMERA = Camera((0, -2, 1.5), (0, 0, 1.5), 25)
FRAME = np.full((40, 60, 3), 128, np.uint8)


def test_severity_0_changes_nothing():
    still = perturbations.settings()
    assert perturbations.shake_camera(CAMERA, still["shake"], 1, 0.3) == CAMERA
    assert perturbations.frame_instants(0.3, still["blur"]) == [0.3]
    assert perturbations.degrade_frame(FRAME, still["light"], still["noise"], 1, 0) is FRAME
    assert perturbations.occluders(still["occluders"], 1, CAMERA, 4 / 3, 0.3) == []


def test_values_grow_with_severity():
    for perturbation, severities in perturbations.VALUES.items():
        assert sorted(severities.items()) == list(zip(range(4), sorted(severities.values()), strict=True)), perturbation


def test_frames_are_darkened_by_stops_and_get_other_noise_each():
    darker = perturbations.degrade_frame(FRAME, 1, 0, 1, 0)
    assert (darker / 255.0).mean() ** 2.2 == pytest.approx((128 / 255) ** 2.2 / 2, rel=0.02)
    assert perturbations.degrade_frame(FRAME, 0, 20, 1, 0).std() == pytest.approx(20, rel=0.1)
    assert (perturbations.degrade_frame(FRAME, 0, 20, 1, 0) != perturbations.degrade_frame(FRAME, 0, 20, 1, 1)).any()


def test_shake_turns_the_camera_by_its_standard_deviation():
    turns = [
        np.degrees(np.arccos(perturbations.shake_camera(CAMERA, 1.0, 1, t).axes[2] @ CAMERA.axes[2]))
        for t in np.linspace(0, 60, 400)
    ]
    assert np.sqrt(np.mean(np.square(turns))) == pytest.approx(np.sqrt(2), rel=0.15)  # sideways and up and down


def test_unknown_perturbations_and_severities_are_refused():
    with pytest.raises(KinesicsError, match="'fog' is not a perturbation"):
        perturbations.settings({"fog": 1})
    with pytest.raises(KinesicsError, match="4 is not a severity of shake"):
        perturbations.settings({"shake": 4})
