"""Counts of events per label and unit, and the metrics of weighted units."""

import numpy as np
import pytest
from hypothesis import given, settings
from support.event_tables import distinct, events, one, tables

from kinesics.metrics.bootstrap import block_units
from kinesics.metrics.counts import (
    MEASURES,
    RANKING_COUNTS,
    EvaluationSet,
    MetricCounts,
    apply_threshold,
    compute_metrics,
    count_events,
    merge_rankings,
    metric_name,
)
from kinesics.metrics.matching import sorted_events

DURATIONS = {"v": 31.0, "w": 31.0}


def count(truth, predicted, labels=("x", "y", "z"), block_s: float = np.inf) -> MetricCounts:
    evaluation_set = EvaluationSet(list(labels), DURATIONS, block_units(DURATIONS, block_s))
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    return count_events(evaluation_set, (truth, None), (predicted, None), **MEASURES)


def test_counts_by_hand():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "y", 12, 16, 1), ("w", 0, "x", 0, 4, 1))
    predicted = events(("v", 0, "x", 0, 4, 0.9), ("v", 0, "x", 20, 24, 0.8), ("w", 0, "y", 0, 4, 0.5))
    of = count(truth, predicted, ("x", "y"), 10.0)
    assert of.counts["true"].tolist() == [[1, 1, 0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]]
    assert of.counts["tp_50"][0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert of.counts["fn_50"][0].tolist() == [0, 1, 0, 0, 1, 0, 0, 0]
    assert of.counts["fp_50"].tolist() == [[0, 0, 1, 0, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0]]
    assert of.counts["answered"].sum(1).tolist() == [1, 1]  # w has a true x of which a y was predicted
    assert of.counts["correct"].sum(1).tolist() == [1, 0]
    assert of.counts["bins"][0].sum(1).tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 1, 1]
    assert of.counts["edits"][:, [0, 4]].tolist() == [[1, 1], [2, 1]]  # in the first unit of each video
    assert of.n["kappa"][0].sum() == 620
    assert not of.of_videos
    assert count(truth, predicted).of_videos


def test_metric_names_are_in_percent():
    assert metric_name("f1", 0.3) == "f1_30"
    assert metric_name("map", 0.55) == "map_55"


def test_a_threshold_leaves_the_ranking_as_it_is():
    truth = one((0, 4), (10, 14))
    predicted = one((0, 4, 0.9), (10, 14, 0.2), (20, 24, 0.1))
    of_all, decisions = count(truth, predicted), count(truth, predicted[predicted["score"] > 0.5])
    both = apply_threshold(of_all, decisions)
    assert all(both.counts[key] is of_all.counts[key] for key in RANKING_COUNTS)
    assert both.counts["tp_50"][0].sum() == 1
    values = {key: value[0, 0] for key, value in compute_metrics(both, np.ones((2, 1))).items()}
    assert values["precision_50"] == 1
    assert values["recall_50"] == 0.5
    assert values["map"] == 1
    assert both.n["precision_50"][0].sum() == 1
    assert both.n["ece"].sum() == 3


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(size=8), distinct, distinct)
def test_merged_counts_hold_both_detectors(truth, first, second):
    a, b = count(truth, first), count(truth, second)
    merged = merge_rankings(a, b)
    on, off = np.ones((2, 1)), np.zeros((2, 1))
    for alone, weights in ((a, np.concatenate([on, off])), (b, np.concatenate([off, on]))):
        for key, value in compute_metrics(alone, on).items():
            assert compute_metrics(merged, weights)[key] == pytest.approx(value, nan_ok=True, abs=1e-12)
