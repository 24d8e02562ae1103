"""Decoding: soft-NMS against a loop, Platt calibration, the decision threshold."""

import numpy as np
import pytest
from support.networks import random_sequence

from kinesics.metrics.calibration import ece
from kinesics.models import calibration
from kinesics.models.decoding import apply_calibration, best_threshold, fit_platt, mean_token, run_in_windows, soft_nms
from kinesics.models.sequences import SLOT
from kinesics.structures.boxes import temporal_iou


def test_soft_nms_equals_its_loop():
    random = np.random.default_rng(0)
    start = random.uniform(0, 30, 60)
    segments, scores = np.stack([start, start + random.uniform(1, 6, 60)], 1), random.uniform(0.02, 1, 60)
    rest, expected = dict(enumerate(scores)), np.zeros(60)
    while rest and max(rest.values()) >= 0.05:
        best = max(rest, key=rest.get)
        expected[best] = rest.pop(best)
        for other in rest:
            iou = temporal_iou(segments[[best]], segments[[other]])[0, 0]
            rest[other] *= np.exp(-(iou**2) / 0.3)
    np.testing.assert_allclose(soft_nms(segments, scores, 0.3, 0.05), expected, atol=1e-12)
    assert not len(soft_nms(np.zeros((0, 2)), np.zeros(0), 0.3))


def test_platt_scaling_calibrates_scores_and_keeps_their_order():
    random = np.random.default_rng(0)
    probability = random.uniform(0, 1, 4000)
    hits = (random.random(4000) < probability).astype(float)
    overconfident = 1 / (1 + np.exp(-3 * np.log(probability / (1 - probability)) - 1))
    groups = random.integers(0, 2, 4000)
    learned = fit_platt(overconfident, hits, groups, 3)
    after = apply_calibration(overconfident, groups, learned)
    assert ece(overconfident, hits, calibration.ECE_BINS) > 0.1 > 0.03 > ece(after, hits, calibration.ECE_BINS)
    for label in range(2):
        assert (np.diff(after[groups == label][np.argsort(overconfident[groups == label])]) >= 0).all()
    assert fit_platt(overconfident, np.zeros(4000), groups, 3).tolist() == [1, 0, 0, 0]


def test_calibration_error_and_threshold_by_hand():
    # one bin: mean score 0.2, one of two hits
    assert ece(np.array([0.2, 0.2]), np.array([0.0, 1.0]), bins=2) == pytest.approx(0.3)
    # of 3 truths: F1 1/2, 4/5, 2/3 after one, two, three events
    assert best_threshold(np.array([0.9, 0.7, 0.4]), np.array([1, 1, 0]), 3) == 0.7


def test_windows_cover_a_sequence_with_their_margins():
    sequence = random_sequence(100)
    windows = list(run_in_windows(lambda *arrays: arrays, sequence, reach=8, core=48))
    assert [start for start, _ in windows] == [0, 48, 96]
    inside = np.concatenate([descriptor[0, 8:56] for _, (descriptor, *_) in windows])
    np.testing.assert_array_equal(inside[:100], sequence.descriptor)
    for _, (descriptor, tokens, observed, usual, valid) in windows:
        assert descriptor.shape[1] == valid.shape[1] == SLOT * tokens.shape[1] == SLOT * observed.shape[1] == 64
        np.testing.assert_array_equal(usual[0], mean_token(sequence))
    assert windows[0][1][4][0, :8].sum() == 0
    assert windows[2][1][4][0].tolist() == [1] * 12 + [0] * 52
