"""Candidates contain the runs of a score, and the best set is the best."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from kinesics.signals.segments import PER_SCORE, PLACE, best_set, candidate_segments, describe


def test_candidates_contain_the_plateau_and_the_joined_one():
    score = np.full(100, -5.0)
    score[20:40] = score[46:60] = 4.0
    found = {tuple(row) for row in candidate_segments((score, score), 0.5, 10.0)}
    assert any(abs(a - 20) <= 1 and abs(b - 40) <= 1 for a, b in found)
    assert any(abs(a - 20) <= 1 and abs(b - 60) <= 1 for a, b in found)
    assert candidate_segments((np.full(50, -9.0), np.full(50, -9.0)), 0.5, 10.0).shape == (0, 2)


def test_a_segment_that_stands_out_is_described_so():
    score = np.full(100, -2.0)
    score[40:60] = 3.0
    rows = describe(np.array([[40, 60], [0, 100]]), (score, score), (0.5, 0.8), 10.0)
    assert rows.shape == (2, 2 * PER_SCORE + PLACE + 2)
    assert np.isfinite(rows).all()
    assert rows[0, 0] == pytest.approx(3, abs=0.3)
    assert rows[0, 6] == pytest.approx(5, abs=0.5)  # contrast with what is before it
    assert rows[1, 6] == 0  # nothing is before it
    assert rows[:, 2 * PER_SCORE] == pytest.approx(np.log([2, 10]))


def test_the_best_set_is_the_best_of_all_sets():
    rng = np.random.default_rng(0)
    for _ in range(30):
        start = rng.integers(0, 40, 7)
        segments = np.stack([start, start + rng.integers(4, 20, 7)], 1)
        gain = rng.normal(0.2, 0.4, 7)
        gap = int(rng.integers(0, 6))

        def fits(rows, segments=segments, gap=gap):
            order = sorted(rows, key=lambda row: segments[row, 1])
            return all(segments[b, 0] - segments[a, 1] >= gap for a, b in pairwise(order))

        sets = [rows for n in range(8) for rows in combinations(range(7), n) if fits(rows)]
        best = max(sum(gain[list(rows)]) for rows in sets)
        chosen = best_set(segments, gain, gap)
        assert fits(chosen.tolist())
        assert gain[chosen].sum() == pytest.approx(best)


def test_no_gain_gives_no_segment():
    assert best_set(np.array([[0, 10]]), np.array([-0.1]), 5).tolist() == []
