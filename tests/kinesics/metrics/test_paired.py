"""Paired comparisons over people have the values of published examples and of enumeration."""

import itertools

import numpy as np
import pytest

from kinesics.metrics.paired import (
    bca_interval,
    compare_people,
    detectable_difference,
    icc_agreement,
    sign_flip_p,
)

# Shrout and Fleiss 1979, table 2: six targets and four judges, whose ICC(2,1) is 0.29.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_sign_flips_of_few_people_are_all_tried():
    differences = np.array([0.3, 0.1, -0.05, 0.2, 0.25])
    means = [np.mean(differences * signs) for signs in itertools.product([1, -1], repeat=5)]
    exact = np.mean(np.abs(means) >= abs(np.mean(differences)) - 1e-12)
    assert sign_flip_p(differences) == pytest.approx(exact)


def test_sign_flips_at_random_are_near_the_exact_p():
    differences = np.random.default_rng(1).normal(0.1, 0.3, 12)
    exact = sign_flip_p(differences, flips=1 << 12)
    assert sign_flip_p(differences, flips=4000) == pytest.approx(exact, abs=0.02)
    assert sign_flip_p(differences, flips=4000) == sign_flip_p(differences, flips=4000)


def test_sign_flips_never_give_zero():
    assert sign_flip_p(np.full(40, 1.0), flips=999) == pytest.approx(1 / 1000)


def test_the_interval_of_skewed_values_is_shifted_to_the_tail():
    values = np.random.default_rng(0).exponential(1, 60)
    low, high = bca_interval(values)
    mean, half = values.mean(), 1.96 * values.std(ddof=1) / np.sqrt(60)
    assert low < mean < high
    assert low > mean - half
    assert high > mean + half


def test_the_interval_of_equal_values_is_that_value():
    assert bca_interval(np.full(5, 0.5)) == (0.5, 0.5)
    assert np.isnan(bca_interval(np.array([0.5]))).all()


def test_the_detectable_difference_of_the_reviewer_s_example():
    # 34 people: with a deviation of 0.20 a difference of 0.10 is found with a power of 80 %, with 0.15 one of 0.07
    assert detectable_difference(0.20, 34) == pytest.approx(0.096, abs=0.001)
    assert detectable_difference(0.15, 34) == pytest.approx(0.072, abs=0.001)


def test_intraclass_correlation_of_the_published_example():
    assert icc_agreement(JUDGES) == pytest.approx(0.29, abs=0.005)
    same = JUDGES[:, :1]
    assert icc_agreement(np.hstack([same, same])) == pytest.approx(1)
    assert icc_agreement(np.hstack([same, same + 3])) < 0.6  # agreement, not consistency
    assert np.isnan(icc_agreement(np.ones((4, 2))))


def test_comparison_counts_people():
    result = compare_people(np.array([0.5, 0.5, 0.2, 1.0]), np.array([0.3, 0.5, 0.4, 0.5]))
    assert (result["won"], result["tied"], result["lost"], result["n"]) == (2, 1, 1, 4)
    assert result["value"] == pytest.approx(0.125)
    assert result["low"] <= 0.125 <= result["high"]
