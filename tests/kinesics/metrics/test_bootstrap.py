"""Units, bootstrap weights, intervals, permutation tests and Holm's correction."""

import itertools

import numpy as np
import pytest
from support.event_tables import one

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import (
    block_units,
    bootstrap_weights,
    event_units,
    holm,
    percentile_interval,
    permutation_p,
    permutation_signs,
)


def test_blocks():
    units = block_units({"long": 25.0, "a": 10.0, "short": 0.5}, 10)
    assert units.of_video == {"a": range(1), "long": range(1, 4), "short": range(4, 5)}
    videos = np.array(["long", "long", "long", "long", "short", "a"])
    assert units.of_times(videos, np.array([9.9, 10, 24.9, 99, 0.2, 10])).tolist() == [1, 2, 3, 3, 4, 0]
    assert block_units({"long": 25.0, "a": 10.0}, np.inf).of_video == {"a": range(1), "long": range(1, 2)}
    for duration in (0, -1, np.inf, np.nan):
        with pytest.raises(KinesicsError, match="'v': duration"):
            block_units({"v": duration})
    with pytest.raises(KinesicsError, match="block_s 0"):
        block_units({"v": 1}, 0)


def test_weights_are_draws_with_replacement():
    weights = bootstrap_weights(30, 500, seed=3)
    assert weights.shape == (30, 501)
    assert (weights[:, 0] == 1).all()
    assert (weights.sum(0) == 30).all()
    assert weights[:, 1:].var() == pytest.approx(29 / 30, rel=0.1)
    assert (weights == bootstrap_weights(30, 500, seed=3)).all()
    assert (weights != bootstrap_weights(30, 500, seed=4)).any()
    assert bootstrap_weights(0, 5).shape == (0, 6)


def test_percentile_interval_leaves_out_what_is_undefined():
    low, high = percentile_interval(np.array([[9, *range(101), np.nan], [1, *[np.nan] * 102]]))
    assert (low[0], high[0]) == pytest.approx((2.5, 97.5))
    assert np.isnan([low[1], high[1]]).all()


def test_interval_covers_where_events_of_a_video_resemble_each_other():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        hits = rng.binomial(4, rng.beta(3.5, 1.5, 40))  # of 4 events a video, expected recall 0.7
        weights = bootstrap_weights(40, 400, seed)
        low, high = percentile_interval((hits @ weights / (4 * weights.sum(0)))[None])
        covered += low[0] <= 0.7 <= high[0]
    assert 0.91 <= covered / 300 <= 0.98


def test_swaps_are_all_or_random():
    every = permutation_signs(3, 8)
    assert sorted(map(tuple, every.T)) == sorted(itertools.product([False, True], repeat=3))
    some = permutation_signs(30, 500, seed=1)
    assert some.shape == (30, 501)
    assert not some[:, 0].any()
    assert some[:, 1:].mean() == pytest.approx(0.5, abs=0.02)
    for units in (62, 63, 64):
        assert permutation_signs(np.int64(units), 100).shape == (units, 101)


def test_p_and_holm_by_hand():
    assert permutation_p(np.array([3.0, -3, 1, 2])) == 0.5
    assert permutation_p(np.array([[0.0, 1, 2], [2, 1, np.nan]])).tolist() == [1.0, 0.5]
    assert np.isnan(permutation_p(np.array([[np.nan, 1], [1, np.nan]]))).all()
    assert holm([0.01, 0.04, 0.03, np.nan]) == pytest.approx([0.03, 0.06, 0.06, np.nan], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1, 1]


def test_blocks_between_events_are_joined_where_there_are_many():
    table = one((25, 28), (61, 79), (500_000, 500_002))
    durations = {"u": 35.0, "v": 500_005.0}
    assert len(event_units(durations, 10, table, most=50_005)) == 50_005
    units = event_units(durations, 10, table, most=50_004)
    assert units.of_video == {"u": range(2), "v": range(2, 9)}
    assert units.first_block.tolist() == [0, 3, 0, 2, 3, 6, 7, 8, 50_000]
    assert units.n_blocks.tolist() == [3, 1, 2, 1, 3, 1, 1, 49_992, 1]
    single = block_units(durations, 10)
    times = np.array([0, 9.9, 25, 26.5, 28, 30, 61, 70, 79, 80, 3e5, 500_000, 500_001, 500_004, 9e5])
    joined = units.of_times(["v"] * len(times), times)
    blocks = single.of_times(["v"] * len(times), times) - single.of_video["v"][0]
    starts = units.first_block[joined]
    assert ((starts <= blocks) & (blocks < starts + units.n_blocks[joined])).all()
    assert (np.diff(joined) >= 0).all()
    for edge in (25, 26.5, 28, 61, 70, 79, 500_000, 500_001, 500_002):
        assert units.n_blocks[units.of_times(["v"], np.array([edge]))] == 1


def test_a_run_of_blocks_weighs_as_the_mean_of_its_blocks():
    n_blocks = np.array([1, 1000, 1, 500])
    weights = bootstrap_weights(4, 4000, 0, n_blocks)
    assert (weights[:, 0] == 1).all()
    assert weights[:, 1:].T @ n_blocks == pytest.approx(np.full(4000, n_blocks.sum()))
    assert weights.mean(1) == pytest.approx(1, abs=0.06)
    assert weights[[0, 2], 1:].var() == pytest.approx(1, rel=0.1)
    assert weights[1, 1:].var() == pytest.approx((1 - 1000 / 1502) / 1000, rel=0.1)
    single = np.ones(4, int)
    assert (bootstrap_weights(4, 20, 1, single) == bootstrap_weights(4, 20, 1)).all()
    swaps = permutation_signs(4, 4000, 0, n_blocks)
    assert (swaps[:, 0] == 0).all()
    assert set(np.unique(swaps[[0, 2]])) == {0, 1}
    assert swaps[:, 1:].mean(1) == pytest.approx(0.5, abs=0.03)
    assert swaps[1, 1:].var() == pytest.approx(0.25 / 1000, rel=0.1)
    assert (permutation_signs(4, 20, 1, single) == permutation_signs(4, 20, 1)).all()
