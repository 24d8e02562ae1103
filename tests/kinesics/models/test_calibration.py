"""Decoding settings, calibration and threshold are chosen on validation recordings."""

from dataclasses import replace

import numpy as np
import pytest
from support.toy import RATE, untrained

from kinesics.detectors import linear
from kinesics.models.calibration import SEARCH, calibrate
from kinesics.models.sequences import active, annotated_segments
from kinesics.models.temporal_model import settings_of


@pytest.mark.slow
def test_the_settings_of_the_highest_precision_are_chosen(training):
    recordings, truth = training
    checkpoint = untrained(linear.MODEL, recordings[:1], truth)
    labels = settings_of(checkpoint)["labels"]

    def outputs(network, sequence):
        """Return the truth with gaps of a tenth of a second, which only smoothing closes, and false alarms."""
        on = active(annotated_segments(sequence, truth, labels), len(sequence.descriptor), len(labels))
        on[::6] = 0
        on[5:12, 0] = 1
        return 0.9 * on

    calibrated = calibrate(replace(linear.MODEL, outputs=outputs), checkpoint, recordings[:2], [truth, truth])
    settings = settings_of(calibrated)
    assert settings["smooth_s"] in set(SEARCH["smooth_s"]) - {0.0}
    assert settings["sigma"] in SEARCH["sigma"]
    assert settings | dict.fromkeys(SEARCH) == settings_of(checkpoint) | dict.fromkeys(SEARCH)
    assert settings["rate_hz"] == RATE
    assert calibrated["calibration"].shape == (1 + len(labels),)
    assert 0 < calibrated["threshold"][0] < 1
    before, after = calibrated["calibration_error"]
    assert after < before
    assert np.isfinite(calibrated["calibration"]).all()
