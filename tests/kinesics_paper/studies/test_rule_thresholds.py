"""The search finds the threshold that separates, and a person's own events never choose it."""

import numpy as np
import pandas as pd
import pytest

from kinesics_paper.studies import rule_thresholds
from kinesics_paper.studies.rule_thresholds import best_rule, candidates, count, micro_f1, search


def people(levels):
    """Return streams with two events each, which raise ``turn_deg`` to a level, and their annotations."""
    streams, rows = {}, []
    for k, level in enumerate(levels):
        columns = {column: np.zeros(300) for column, _ in rule_thresholds.GRID.values()}
        for start in (50, 200):
            columns["turn_deg"][start : start + 30] = level
            rows.append((f"v{k}", 0, "head_turn", start / 10, start / 10 + 3))
        columns["turn_deg"][120:150] = 11  # looks a little aside, which nobody annotated
        streams[f"v{k}", 0] = columns
    return streams, pd.DataFrame(rows, columns=["video", "person", "label", "start_s", "end_s"])


@pytest.mark.slow
def test_the_search_finds_the_threshold_that_separates():
    streams, truth = people([30, 30, 30])
    result = search(streams, [truth, truth], {key: key[0] for key in streams}, 10.0)
    assert 11 < result["rules"]["head_turn"].on <= 24
    assert micro_f1(result["left_out"]) == micro_f1(result["in_sample"]) == 1
    assert {label for label, rule in result["rules"].items() if rule} == {"head_turn"}


@pytest.mark.slow
def test_a_person_s_own_events_do_not_choose_the_threshold():
    streams, truth = people([30, 30, 30, 9])  # the last turns by 9 degrees only
    result = search(streams, [truth], {key: key[0] for key in streams}, 10.0)
    hits = result["left_out"]["head_turn"][:, 0, 2]
    assert hits.tolist() == [2, 2, 2, 0]


def test_counts_are_those_of_one_rule():
    streams, truth = people([30, 30])
    rule = next(rule for rule in candidates("head_turn") if rule.on == 15 and rule.width_s == 0.3)
    counts = count(rule, streams, [truth, truth.iloc[:1]], 10.0)
    assert counts[:, 0].tolist() == [[2] * 7] * 2
    assert counts[:, 1, -1].tolist() == [1, 0]


@pytest.mark.parametrize(("hits", "detected", "expected"), [(0, 5, None), (4, 5, 0)])
def test_a_rule_that_costs_more_than_it_gains_is_off(hits, detected, expected):
    counts = np.array([[[[hits] * 5 + [detected, 5]]]], float)
    assert best_rule(counts) == expected
