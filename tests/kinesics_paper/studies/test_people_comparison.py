"""People count alike, however many events they have, and boundaries are late or early by milliseconds."""

import numpy as np
import pandas as pd
import pytest

from kinesics_paper.studies.people_comparison import boundary_errors, event_counts
from kinesics_paper.studies.people_data import People
from kinesics_paper.studies.threshold_search import choose, decide, rank, settings

TRUTH = pd.DataFrame(
    [("v", 0, "happy", 1.0, 3.0, "a"), ("v", 0, "happy", 5.0, 7.0, "a"), ("w", 1, "speaking", 0.0, 4.0, "b")],
    columns=["video", "person", "label", "start_s", "end_s", "person_id"],
)
DATA = People([], [TRUTH], {("v", 0): "a", ("w", 1): "b", ("w", 0): "w:0"}, {"v": "a", "w": "b"})


def found(rows):
    return pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"]).assign(score=1.0)


def test_counts_are_of_each_person_and_threshold():
    events = found([("v", 0, "happy", 1.2, 3.1), ("w", 1, "speaking", 0.0, 1.5), ("w", 0, "happy", 0.0, 1.0)])
    counts = event_counts(DATA, TRUTH, events, ["a", "b"])
    assert counts[0].tolist() == [[1, 1, 2], [0, 1, 1]]  # hits, detected, true at one half
    assert counts[1].tolist() == [[1, 1, 2], [1, 1, 1]]  # the long event matches at 0.3


def test_boundary_errors_are_signed_milliseconds():
    errors = boundary_errors([TRUTH], [found([("v", 0, "happy", 1.2, 2.9), ("v", 0, "happy", 5.1, 7.0)])])
    assert errors["n"] == 2
    assert errors["onset"] == pytest.approx(150)
    assert errors["offset"] == pytest.approx(-50)
    assert errors["offset_error"] == pytest.approx(50)
    assert boundary_errors([TRUTH], [found([])])["onset"] is None


def test_search_takes_the_threshold_that_separates():
    values = np.full(100, 0.1)
    values[20:40], values[60:80] = 0.7, 0.3
    scores = {("v", 0): values, ("w", 0): np.full(50, 0.2)}
    truth = [{("v", 0): np.array([[2.0, 4.0]])}]
    rule = choose(settings("happy", (0.2, 0.5)), scores, truth, 10.0)
    assert rule is not None
    assert rule.on == 0.5
    ((*_, start, stop, _),) = decide(rule, {("v", 0): values}, 10.0)
    assert (start, stop) == pytest.approx((20, 40), abs=1)  # smoothing widens an event
    assert len(rank(rule, {("v", 0): values}, 10.0)) >= 2  # the weaker one is a candidate
    assert choose(settings("happy", (0.9,)), scores, truth, 10.0) is None
