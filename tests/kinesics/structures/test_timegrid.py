"""The time grid: frames and seconds, runs, hysteresis, windows, smoothing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesics.structures.timegrid import (
    cover_with_windows,
    hold_last,
    hysteresis,
    index,
    label_runs,
    runs,
    samples,
    seconds,
    smooth,
)


@given(k=st.integers(0, 10**7), rate=st.sampled_from([1.0, 2.0, 10.0, 12.5, 24.0, 25.0, 29.97, 30.0, 59.94]))
def test_frames_and_seconds_round_trip(k, rate):
    assert index(seconds(k, rate), rate) == k
    assert samples(seconds(k, rate), rate) == k


def test_the_grid_by_hand():
    assert samples(0.35, 10) == 4
    np.testing.assert_array_equal(runs([1, 1, 0, 1]), [[0, 2], [3, 4]])
    assert runs([]).shape == (0, 2)


def test_hysteresis_by_hand():
    score = np.array([0.4, 0.6, 0.4, 0.1, 0.4, 0.4, np.nan, 0.9, 0.0, 0.9])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3), [[0, 3], [7, 8], [9, 10]])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3, gap_samples=1), [[0, 3], [7, 10]])
    np.testing.assert_array_equal(hysteresis(score, 0.5, 0.3, min_samples=2), [[0, 3]])
    assert hysteresis(np.empty(0), 0.5, 0.3).shape == (0, 2)
    with pytest.raises(ValueError, match=r"on 0.2 is below off 0.3"):
        hysteresis(score, 0.2, 0.3)


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(1, 5), st.integers(0, 5))
def test_hysteresis_finds_separate_runs_that_reach_the_threshold(scores, least, gap):
    segments = hysteresis(np.array(scores), 0.6, 0.4, least, gap)
    for start, stop in segments:
        assert stop - start >= least
        assert max(scores[start:stop]) >= 0.6
    assert all(after - before > gap for (_, before), (after, _) in pairwise(segments))


@given(st.floats(0.1, 500), st.floats(0.5, 30), st.floats(0.1, 1))
def test_windows_cover_a_video_without_gaps_and_none_is_inside_another(duration_s, length_s, share):
    windows = cover_with_windows(duration_s, length_s, share * length_s)
    assert (windows[0, 0], windows[-1, 1]) == (0, pytest.approx(duration_s))
    assert (windows[1:, 0] <= windows[:-1, 1] + 1e-9).all()
    assert (np.diff(windows, axis=0) > 0).all()
    assert (windows[:, 1] - windows[:, 0] <= length_s + 1e-9).all()


def test_smoothing_ignores_what_is_missing():
    np.testing.assert_allclose(smooth(np.array([1.0, np.nan, 3.0, 5.0]), 3), [1, 2, 4, 4])
    assert np.isnan(smooth(np.full((4, 2), np.nan), 3)).all()
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0]), 9), [1.5, 1.5])


def test_label_runs_and_held_frames_by_hand():
    times = np.array([0.0, 0.1, 0.4, 0.5])
    assert label_runs(np.array(["a", "a", "b", "b"]), times, 0.9) == [("a", 0.0, 0.4), ("b", 0.4, 0.9)]
    np.testing.assert_array_equal(hold_last(times[1:], 10, 10, 0.25), [-1, 0, 0, 0, 1, 2, 2, 2, -1, -1])
