"""Time budgets and transitions against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from kinesics.metrics.time_budget import SUMMARY_COLUMNS, TRANSITION_COLUMNS, time_budget, transitions
from kinesics.structures.events import empty_events

ROWS = [
    ("talk", 0, "happy", 1.0, 3.0),
    ("talk", 0, "happy", 2.0, 4.0),  # overlaps the first: together 3 s
    ("talk", 0, "happy", 9.0, 10.0),
    ("talk", 0, "speaking", 3.0, 8.0),
    ("talk", 1, "wave", 5.0, 5.5),
]
EVENTS = pd.DataFrame(ROWS, columns=["video", "person", "label", "start_s", "end_s"])


def test_time_budget_is_that_of_a_worked_example():
    table = time_budget(EVENTS, 20.0).set_index(["person", "label"])
    happy = table.loc[(0, "happy")]
    assert happy[["bouts", "total_s", "share", "rate_per_min", "latency_s"]].tolist() == [3, 4.0, 0.2, 9.0, 1.0]
    assert happy[["mean_s", "median_s", "min_s", "max_s"]].tolist() == pytest.approx([5 / 3, 2.0, 1.0, 2.0])
    assert happy["sd_s"] == pytest.approx(np.sqrt(1 / 3))
    assert happy["mean_gap_s"] == 5.0
    assert np.isnan(table.loc[(0, "speaking"), ["sd_s", "mean_gap_s"]].astype(float)).all()
    assert list(table.index) == [(0, "happy"), (0, "speaking"), (1, "wave")]
    assert table.loc[(1, "wave"), "family"] == ""


def test_each_person_has_its_own_time_of_observation():
    observed = {("talk", 0): 10.0, ("talk", 1): 5.0}
    table = time_budget(EVENTS, observed, start_s=0.5)
    assert table["observed_s"].tolist() == [10.0, 10.0, 5.0]
    assert table["share"].tolist() == pytest.approx([0.4, 0.5, 0.1])
    assert table["latency_s"].tolist() == [0.5, 2.5, 4.5]
    with pytest.raises(ValueError, match="person 1 of 'talk' was observed for 0"):
        time_budget(EVENTS, {("talk", 0): 10.0})


def test_labels_that_were_looked_for_in_vain_have_rows_of_zeros():
    observed = {("talk", 0): 10.0, ("talk", 1): 5.0, ("talk", 2): 4.0}
    table = time_budget(EVENTS, observed, labels=["happy", "sad"]).set_index(["person", "label"])
    assert list(table.index) == [
        *((0, "happy"), (0, "sad"), (0, "speaking")),
        *((1, "happy"), (1, "sad"), (1, "wave")),
        *((2, "happy"), (2, "sad")),
    ]
    nobody = table.loc[(2, "sad")]
    assert nobody[["family", "observed_s", "bouts", "total_s", "share", "rate_per_min"]].tolist() == [
        "emotion",
        4,
        0,
        0,
        0,
        0,
    ]
    assert nobody["mean_s":].isna().all()
    assert table["bouts"].dtype == int


def test_transitions_pair_each_onset_with_the_next():
    table = transitions(EVENTS)
    assert table.values.tolist() == [
        ["talk", 0, "happy", "happy", 1, 0.5],
        ["talk", 0, "happy", "speaking", 1, 0.5],
        ["talk", 0, "speaking", "happy", 1, 1.0],
    ]


def test_no_events_give_empty_tables_with_all_columns():
    assert list(time_budget(empty_events(), 1.0).columns) == SUMMARY_COLUMNS
    assert list(transitions(empty_events()).columns) == TRANSITION_COLUMNS
