"""Types of errors, their cost, and what makes events hard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import events, one, tables

from kinesics.errors import KinesicsError
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.diagnosis import BUCKETS, PLACES, TYPES, characteristics, diagnose, error_types, places
from kinesics.metrics.matching import match_ranked, sorted_events


def test_types_by_hand():
    truth = events(("v", 0, "x", 0, 10, 1), ("v", 0, "y", 20, 30, 1))
    predicted = events(
        ("v", 0, "x", 0, 10, 0.9),  # right
        ("v", 0, "x", 0, 9, 0.8),  # again
        ("v", 0, "x", 20, 30, 0.7),  # a y
        ("v", 0, "x", 8, 12, 0.6),  # too late
        ("v", 0, "y", 6, 12, 0.5),  # too late, and an x
        ("v", 0, "x", 50, 60, 0.4),  # nothing there
        ("v", 1, "x", 0, 10, 0.3),  # nothing there of this person
    ).sort_values("score", ascending=False, ignore_index=True)
    assert [TYPES[kind] for kind in error_types(truth, predicted)] == [*TYPES, "background"]
    assert TYPES[error_types(truth, predicted, match_person=False)[-1]] == "double detection"
    with pytest.raises(KinesicsError, match="tIoU threshold 0 "):
        error_types(truth, predicted, low=0)


def test_a_truth_of_the_same_label_has_precedence_unless_labels_exclude_each_other():
    truth = events(("v", 0, "x", 0, 10, 1), ("v", 0, "y", 5, 15, 1))
    predicted = events(("v", 0, "x", 6, 14, 1))
    assert TYPES[error_types(truth, predicted)[0]] == "localisation"
    assert TYPES[error_types(truth, predicted, exclusive=True)[0]] == "wrong label"


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(tables(), tables(), st.sampled_from([0.3, 0.5]))
def test_exclusive_types_are_those_of_detad(truth, predicted, tiou):
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    taken = match_ranked(truth, predicted, (tiou,), False)[0]
    expected = []
    for event, match in zip(predicted.itertuples(), taken, strict=True):
        ious = [(0.0, False)]
        for true in truth[truth["video"] == event.video].itertuples():
            inter = max(min(event.end_s, true.end_s) - max(event.start_s, true.start_s), 0)
            union = (event.end_s - event.start_s) + (true.end_s - true.start_s) - inter
            ious.append((inter / union, true.label == event.label))
        best, own = max(ious)
        kind = (1 if own else 2) if best >= tiou else (3 if own else 4) if best >= 0.1 else 5
        expected.append(0 if match >= 0 else kind)
    assert error_types(truth, predicted, tiou, match_person=False, exclusive=True).tolist() == expected


def test_places_by_hand():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 1, "x", 10, 14, 1)).assign(x0=0.0, y0=0.0, x1=0.4, y1=0.4)
    predicted = events(
        ("v", 0, "x", 0, 4, 1),
        ("v", 0, "x", 0, 3.9, 1),
        ("v", 0, "x", 0, 3.8, 1),
        ("v", 0, "x", 10, 14, 1),
        ("v", 0, "x", 30, 34, 1),
    ).sort_values(["start_s", "end_s"], ascending=[True, False], ignore_index=True)
    predicted[["x0", "y0", "x1", "y1"]] = [
        [0, 0, 0.4, 0.4],
        [0.3, 0, 0.7, 0.4],
        [np.nan] * 4,
        [0, 0, 0.4, 0.4],
        [0] * 4,
    ]
    names = [None if place < 0 else PLACES[place] for place in places(truth, predicted)]
    assert names == ["right", "wrong place", "no box", "wrong person", None]


def test_characteristics_by_hand():
    truth = events(
        ("v", 0, "x", 0, 0.5, 1), ("v", 0, "x", 0.75, 3.75, 1), ("v", 1, "y", 1, 2, 1), ("w", 0, "x", 0, 90, 1)
    )
    buckets = characteristics(truth, {"v": 100.0, "w": 100.0})
    assert buckets["length"].tolist() == ["XS", "M", "XS", "XL"]
    assert buckets["coverage"].tolist() == ["XS", "S", "XS", "XL"]
    assert buckets["instances"].tolist() == ["S", "S", "XS", "XS"]
    assert buckets["context"].tolist() == ["few", "few", "few", "none"]
    assert list(buckets) == list(BUCKETS)


def test_diagnosis_by_hand():
    truth = one((0, 4), (10, 14))
    predicted = one((30, 34, 0.9), (0, 4, 0.8), (0, 4, 0.7), (10, 14, 0.6), (50, 54, 0.5))
    diagnosis = diagnose(truth, predicted, durations={"v": 100.0})
    counts = dict.fromkeys(TYPES, 0.0) | {"true positive": 2.0, "double detection": 1.0, "background": 2.0}
    assert diagnosis["types"] == counts
    # The first two predictions, then the next two, then the last, in shares of the two true events.
    assert [row["background"] for row in diagnosis["profile"][:4]] == [0.5, 0, 0.5, 0]
    assert sum(diagnosis["profile"][0].values()) == 1
    assert diagnosis["map"] == pytest.approx(0.5 * 0.5 + 0.5 * 0.5)
    assert diagnosis["impact"]["background"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3 - 0.5, abs=1e-6)
    assert diagnosis["impact"]["double detection"] == pytest.approx(2 / 3 - 0.5, abs=1e-6)
    assert diagnosis["impact"]["confusion"] == 0
    assert diagnosis["missed"] == 0
    assert diagnosis["ap_n"] == diagnosis["map"]
    assert diagnosis["sensitivity"]["length"]["M"] == {"n": 2, "missed": 0, "ap_n": 0.5}
    assert diagnosis["sensitivity"]["length"]["XL"] == {"n": 0, "missed": None, "ap_n": None}
    assert diagnose(truth, predicted[:0])["missed"] == 1
    assert diagnose(truth[:0], predicted)["map"] is None


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables().filter(len), tables())
def test_diagnosis_adds_up(truth, predicted):
    diagnosis = diagnose(truth, predicted, durations={"v": 31.0, "w": 31.0})
    assert diagnosis["map"] == pytest.approx(average_precision(truth, predicted)[0.5].mean(), abs=1e-6)
    assert all(gain >= 0 for gain in diagnosis["impact"].values())
    assert diagnosis["types"]["true positive"] == pytest.approx((1 - diagnosis["missed"]) * len(truth), abs=1e-3)
    totals = np.sum([list(row.values()) for row in diagnosis["profile"]], 0) * len(truth)
    assert totals == pytest.approx(list(diagnosis["types"].values()), abs=1e-3)
    for buckets in diagnosis["sensitivity"].values():
        assert sum(entry["n"] for entry in buckets.values()) == len(truth)
        missed = sum(entry["n"] * (entry["missed"] or 0) for entry in buckets.values())
        assert missed == pytest.approx(diagnosis["missed"] * len(truth), abs=1e-3)
