"""Levenshtein accuracy, edit distance and mean Jaccard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import TUBE_RATE, events, values

from kinesics.metrics import sequence_metrics
from kinesics.metrics.agreement import frame_counts
from kinesics.metrics.scoring import score


def test_levenshtein_accuracy_by_hand():
    truth = events(*[("v", 0, label, 2 * k, 2 * k + 1, 1) for k, label in enumerate("xyzx")], ("w", 0, "x", 0, 1, 1))
    predicted = events(*[("v", 0, label, 2 * k, 2 * k + 1, 1) for k, label in enumerate("xzxy")])
    # v: y is missing, y is too much; w: x is missing. Three edits of five events.
    for true, expected in ((truth, 1 - 3 / 5), (predicted, 1), (truth[:1], -2), (truth[:0], None)):
        assert values(score(true, predicted, resamples=0))["levenshtein"] == pytest.approx(expected)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(*[st.text("xyz", max_size=7)] * 3)
def test_edit_distance_is_a_metric_and_equals_the_recursion(a, b, c):
    def slow(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    distance = sequence_metrics.edit_distance
    assert distance(a[:5], b[:5]) == slow(a[:5], b[:5])
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


def test_mean_jaccard_by_hand():
    truth = events(("v", 0, "x", 0, 10, 1), ("v", 0, "y", 10, 20, 1), ("w", 0, "x", 0, 10, 1))
    predicted = events(("v", 0, "x", 0, 5, 1), ("v", 0, "z", 10, 20, 1), ("w", 0, "x", 5, 15, 1))
    durations = {"v": 20.0, "w": 20.0, "silent": 5.0}
    counts = frame_counts(truth, predicted, durations, ["x", "y", "z"], TUBE_RATE)
    index = sequence_metrics.jaccard(counts)  # silent, v, w
    assert index == pytest.approx([np.nan, (0.5 + 0) / 2, 1 / 3], nan_ok=True)
    metrics = score(truth, predicted, durations=durations, rate_hz=TUBE_RATE, block_s=np.inf, resamples=0)["metrics"]
    assert (metrics["mean_jaccard"]["value"], metrics["mean_jaccard"]["n"]) == (
        pytest.approx((0.25 + 1 / 3) / 2, abs=1e-6),
        2,
    )
