"""Match persons by their boxes, and compare numbers of persons."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from support.event_tables import TUBE_RATE, boxed, events, quick, tubes_of

from kinesics.metrics import identity
from kinesics.metrics.identity import (
    assign_largest,
    boxes_of_tubes,
    frames_of_events,
    hits_by_number,
    match_persons,
    match_persons_of_events,
    remap_by_boxes,
    remap_persons,
    unused_numbers,
)
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX, MOST_PEOPLE

A = (0.1, 0.1, 0.4, 0.9)
NEIGHBOUR = (0.26, 0.1, 0.56, 0.9)  # IoU 0.30 with A
FAR = (0.7, 0.1, 0.9, 0.9)


def test_tracked_persons_are_matched_by_their_boxes():
    truth = events(("v", 0, "head_turn", 0, 10, 1), ("v", 1, "head_turn", 0, 10, 1))
    true = boxes_of_tubes(truth, tubes_of(truth))
    # The tracker calls the right person 0, has lost the left one but for a second, and sees a third in a wall.
    tracked = pd.concat(
        [
            true[true["person"] == 1].assign(person=0),
            true[(true["person"] == 0) & (true["time_s"] < 9)].assign(person=2, x1=0.3),
            true[(true["person"] == 0) & (true["time_s"] >= 9)].assign(person=5),
            true[true["person"] == 0].assign(person=7, x0=0.9, x1=1.0),
        ]
    )
    assert match_persons(true, tracked, TUBE_RATE) == {0: 1, 2: 0}
    assert match_persons(true, tracked[:0], TUBE_RATE) == match_persons(true[:0], tracked, TUBE_RATE) == {}
    mapped = remap_persons(truth.assign(person=[0, 7]), {0: 1, 2: 0}, 2)
    assert mapped["person"].tolist() == [1, 2]


def test_a_neighbour_with_one_short_event_does_not_take_the_person():
    """Of the true person few events were predicted; over all of that person's frames the neighbour would fit better."""
    truth = boxed(*[("v", 0, "x", 10 * k, 10 * k + 4, 1, A) for k in range(10)], ("v", 1, "y", 10, 14, 1, NEIGHBOUR))
    assert match_persons_of_events(truth, boxed(("v", 7, "x", 10, 14, 1, A)), 10) == {7: 0}


def test_a_box_that_fits_for_a_short_time_counts_more_than_one_beside_it_for_long():
    truth = boxed(("v", 0, "x", 0, 1, 1, A), ("v", 1, "x", 0, 20, 1, NEIGHBOUR))
    assert match_persons_of_events(truth, boxed(("v", 7, "x", 0, 20, 1, A)), 10) == {7: 0}


def test_someone_who_stood_there_for_a_moment_is_not_the_person():
    truth = boxed(
        *[("v", 0, "x", 10, 12, 1, (0.1, 0.1, 0.4, 0.7))],  # IoU 0.75
        *[("v", 1, "x", 0, 3, 1, A), ("v", 1, "x", 3, 20, 1, FAR)],
    )
    assert match_persons_of_events(truth, boxed(("v", 7, "x", 0, 20, 1, A)), 10) == {7: 0}


def test_any_overlap_matches_where_nobody_fits_better():
    truth = boxed(("v", 3, "x", 0, 4, 1, A))
    assert match_persons_of_events(truth, boxed(("v", 0, "x", 3, 9, 1, NEIGHBOUR)), 10) == {0: 3}
    for other in (("v", 0, "x", 3, 9, 1, FAR), ("v", 0, "x", 4, 9, 1, A), ("v", 0, "happy", 0, 4, 1, A)):
        assert match_persons_of_events(truth, boxed(other), 10) == {}  # elsewhere, later, or another part of the body
    assert match_persons_of_events(truth, boxed(("v", 0, "x", 0, 4, 1, (np.nan,) * 4)), 10) == {}


def test_frames_of_events_have_the_box_of_the_first_row():
    table = boxed(
        *[("v", 0, "x", 0, 1, 1, A), ("v", 0, "y", 0.5, 2, 1, FAR), ("v", 0, "z", 0.6, 0.8, 1, NEIGHBOUR)],
        *[("v", 0, "happy", 0, 0.25, 1, A), ("v", 1, "x", 5, 6, 1, (np.nan,) * 4)],
    ).sort_values("label", ascending=False)  # z, y, x, happy
    frames = frames_of_events(table, 10).sort_values(["part", "first"])
    assert frames[["part", "first", "stop", "x0"]].to_numpy().tolist() == [
        ["face", 0, 3, A[0]],
        ["person", 0, 5, A[0]],
        ["person", 5, 6, FAR[0]],
        ["person", 6, 8, NEIGHBOUR[0]],
        ["person", 8, 20, FAR[0]],
    ]


def frame_by_frame(truth: pd.DataFrame, predicted: pd.DataFrame, rate_hz: float) -> dict[tuple[int, int], float]:
    """Return the evidence of each pair of persons that overlap, with one row per frame."""
    both = []
    for table in (truth, predicted):
        frames = frames_of_events(table, rate_hz)
        frames = frames.assign(frame=[range(a, b) for a, b in zip(frames["first"], frames["stop"], strict=True)])
        both.append(frames.explode("frame"))
    pairs = both[0].merge(both[1], on=["part", "frame"])
    iou = box_iou(*(pairs[[side + end for side in BOX]].to_numpy(float) for end in ("_x", "_y")))
    evidence = {}
    for pair, mean in pairs.assign(iou=iou).groupby(["person_x", "person_y"])["iou"].agg(["size", "mean"]).iterrows():
        if mean["mean"] > 0:
            evidence[pair] = mean["size"] * mean["mean"] ** 4
    return evidence


event = st.tuples(st.integers(0, 3), st.sampled_from(["x", "happy"]), st.integers(0, 60), st.integers(1, 30))
places = st.tuples(st.integers(0, 12), st.integers(0, 3)).map(
    lambda at: (at[0] / 20, at[1] / 20, at[0] / 20 + 0.3, 0.9)
)
some_boxed = st.lists(st.tuples(event, places), max_size=12).map(
    lambda rows: boxed(*[("v", p, label, a / 10, (a + n) / 10, 1, box) for (p, label, a, n), box in rows])
)


@pytest.mark.slow
@quick
@given(some_boxed, some_boxed)
def test_the_assignment_has_the_largest_evidence_frame_by_frame(truth, predicted):
    evidence = frame_by_frame(truth, predicted, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "PAIRS_AT_ONCE", 3)
        matched = match_persons_of_events(truth, predicted, 10)
    assert len(set(matched.values())) == len(matched)
    table = np.zeros((4, 4))
    for (true, other), value in evidence.items():
        table[true, other] = value
    best = table[linear_sum_assignment(table, maximize=True)].sum()
    assert sum(evidence[true, other] for other, true in matched.items()) == pytest.approx(best)


@quick
@given(st.integers(0, 6), st.integers(1, 6), st.integers(0, 99))
def test_a_sparse_assignment_is_the_dense_one(n_rows, n_columns, seed):
    rng = np.random.default_rng(seed)
    value = rng.random((n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < 0.6)
    row, column = np.nonzero(value)
    chosen = assign_largest(row, column, value[row, column], value.shape)
    taken = chosen >= 0
    assert (value[np.flatnonzero(taken), chosen[taken]] > 0).all()
    assert len(set(chosen[taken])) == taken.sum()
    expected = value[linear_sum_assignment(value, maximize=True)].sum()
    assert value[np.flatnonzero(taken), chosen[taken]].sum() == pytest.approx(expected)


def test_a_crowd_is_matched_in_little_memory():
    rng = np.random.default_rng(0)
    left, top = rng.uniform(0, 0.8, 300), rng.uniform(0, 0.5, 300)
    crowd = boxed(*[("v", k, "x", 0, 30, 1, (left[k], top[k], left[k] + 0.2, top[k] + 0.4)) for k in range(300)])
    tracemalloc.start()
    _, numbers = remap_by_boxes(crowd, crowd.assign(person=299 - crowd["person"]), 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert numbers["v"] == {299 - k: k for k in range(300)}
    assert peak < 100e6


def test_others_get_numbers_that_nobody_has():
    truth = boxed(("v", 0, "x", 0, 4, 1, A), ("w", 4, "x", 0, 4, 1, A))
    table = boxed(("v", 0, "x", 0, 4, 1, FAR), ("v", 3, "x", 0, 4, 1, A), ("u", 4, "x", 0, 4, 1, A))
    remapped, numbers = remap_by_boxes(truth, table, 10)
    assert numbers == {"u": {}, "v": {3: 0}}
    assert remapped["person"].tolist() == [5, 5, 0]
    assert unused_numbers({0, 2, MOST_PEOPLE - 2}, 2) == [MOST_PEOPLE - 1, MOST_PEOPLE]
    assert unused_numbers({0, 2, MOST_PEOPLE - 1}, 3) == [1, 3, 4]
    assert unused_numbers(set(), 2) == [0, 1]


def test_hits_by_number_by_hand():
    rows = [("v", 1, "x", 0, 4, 1), ("v", 2, "x", 10, 14, 1), ("v", 2, "y", 20, 24, 1), ("w", 1, "x", 0, 4, 1)]
    truth = events(*rows)
    assert hits_by_number(truth, truth) == (4, 4)
    assert hits_by_number(truth, truth.assign(person=truth["person"] - 1)) == (0, 4)
    exchanged = events(*[(video, 3 - person, *rest) for video, person, *rest in rows])
    assert hits_by_number(truth, exchanged) == (0, 4)
    # One number for everybody: of each video only the most frequent true person can be meant.
    assert hits_by_number(truth, truth.assign(person=0)) == (0, 3)
    assert hits_by_number(truth, truth[:0]) == hits_by_number(truth[:0], truth) == (0, 0)
