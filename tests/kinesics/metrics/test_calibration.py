"""Calibration of scores and concordance of series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import one

from kinesics.errors import KinesicsError
from kinesics.metrics.calibration import ccc, ece, reliability
from kinesics.metrics.scoring import score

numbers = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


def test_calibration_by_hand():
    score_, hit = np.array([0.95, 0.95, 0.15, 1.0]), np.array([True, False, False, True])
    curve = reliability(score_, hit)
    assert curve["n"].tolist() == [0, 1, *[0] * 7, 3]
    assert curve["precision"].iloc[9] == pytest.approx(2 / 3)
    assert ece(score_, hit) == pytest.approx((0.15 + abs(2 - 2.9)) / 4)
    with pytest.raises(KinesicsError, match=r"score 1\.5"):
        ece(np.array([1.5]), np.array([True]))
    truth = one((0, 4), (10, 14))
    assert score(truth, one((0, 4, 0.8), (20, 24, 0.4)), resamples=0)["metrics"]["ece"]["value"] == pytest.approx(0.3)
    assert score(truth, one((0, 4, 7.0)), resamples=0)["metrics"]["ece"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
    }


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_ece_is_in_range_and_does_not_depend_on_order(rows, random):
    value = ece(*np.array(rows).T)
    assert 0 <= value <= 1
    assert ece(*np.array(random.sample(rows, len(rows))).T) == pytest.approx(value)
    hit = np.array(rows)[:, 1]
    assert ece(hit, hit) == 0


def test_ccc_by_hand():
    assert ccc(np.array([1, 2, 3]), np.array([2, 3, 4])) == pytest.approx(2 * 2 / 3 / (4 / 3 + 1))
    assert ccc(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert np.isnan(ccc(np.ones(3), np.ones(3)))
    assert ccc(np.ones(3), np.zeros(3)) == 0
    with pytest.raises(KinesicsError, match="3 and 2"):
        ccc(np.ones(3), np.ones(2))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(numbers, st.integers(0, 99))
def test_ccc_is_symmetric_bounded_and_below_the_correlation(series, seed):
    a = np.array(series)
    b = np.random.default_rng(seed).normal(a, 20)
    value = ccc(a, b)
    assert value == pytest.approx(ccc(b, a))
    assert -1 - 1e-9 <= value <= 1 + 1e-9
    if a.std() > 1e-3:
        assert abs(value) <= abs(np.corrcoef(a, b)[0, 1]) + 1e-9
        assert ccc(a, a) == pytest.approx(1)
