"""Tube IoU, and average precision of tubes and of the boxes of frames."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import TUBE_RATE, distinct, one, tables, tubes_of, values

from kinesics.errors import KinesicsError
from kinesics.metrics.scoring import score
from kinesics.metrics.tubes import match_boxes, spatial_iou, tube_overlaps
from kinesics.structures.events import BOX, check_tubes


def in_space(truth: pd.DataFrame, predicted: pd.DataFrame, tubes: tuple, ious: tuple = (0.2, 0.5)) -> dict:
    """Return the scores of tables with their tubes, without intervals."""
    of = dict(zip(("truth", "predicted"), tubes, strict=True))
    return values(score(truth, predicted, tubes=of, tube_ious=ious, rate_hz=TUBE_RATE, resamples=0))


def test_tube_iou_by_hand():
    truth, predicted = one((0, 4)), one((2, 6))
    boxes = {0: (0.0, 0.0, 0.5, 0.5)}, {0: (0.25, 0.0, 0.75, 0.5)}
    tubes = [tubes_of(table, box) for table, box in zip((truth, predicted), boxes, strict=True)]
    assert tube_overlaps(truth, tubes[0], predicted, tubes[1], 0.1, TUBE_RATE)[2] == pytest.approx([1 / 3 * 1 / 3])
    half = tubes[1][tubes[1]["time_s"] >= 3]  # in one of the two common seconds there is no box
    assert tube_overlaps(truth, tubes[0], predicted, half, 0.01, TUBE_RATE)[2] == pytest.approx([1 / 3 * 1 / 6])
    assert tube_overlaps(truth, tubes[0], predicted, tubes[1][:0], 0.01, TUBE_RATE)[2].size == 0
    scores = in_space(truth, predicted, tubes, (0.1, 0.2))
    assert [scores[name] for name in ("tube_map_10", "tube_map_20", "tube_map")] == [1, 0, 0.5]


def test_frame_ap_by_hand():
    truth, predicted = one((0, 4)), one((0, 4, 0.9), (2, 6, 0.8))
    tubes = tubes_of(truth), tubes_of(predicted)
    # Of 32 boxes the first 16 are right; the later event's are second boxes or in frames where nothing is true.
    assert in_space(truth, predicted, tubes)["frame_map_50"] == 1
    turned = predicted.assign(score=[0.8, 0.9])
    # The 16 boxes of the second event lead: 8 are right. Then 8 of the first find a truth that is still free.
    expected = 8 / 16 * 8 / 16 + 8 / 16 * 16 / 32
    assert in_space(truth, turned, tubes)["frame_map_50"] == pytest.approx(expected, abs=0.05)


def test_a_box_of_a_frame_can_only_take_its_best_truth():
    def boxes(*rows: tuple) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["score", *BOX])
        return table.assign(event=range(len(table)), frame=3, video="v", label="x")

    truth = boxes((1, 0, 0, 0.4, 1), (1, 0.1, 0, 0.5, 1))
    predicted = boxes((0.9, 0, 0, 0.4, 1), (0.8, 0, 0, 0.4, 1), (0.7, 0.1, 0, 0.5, 1))
    assert match_boxes(truth, predicted, (0.5,)).tolist() == [[0, -1, 1]]


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True)
@given(tables(size=8), tables(size=8), st.booleans())
def test_tube_iou_is_symmetric_and_at_most_the_temporal_one(truth, predicted, still):
    boxes = {} if still else {k: (0.01 * k, 0.0, 0.5 + 0.01 * k, 0.5) for k in range(20)}
    a, b = tubes_of(truth, boxes), tubes_of(predicted, boxes)
    there, back = (
        tube_overlaps(*sides, 0.05, TUBE_RATE) for sides in ((truth, a, predicted, b), (predicted, b, truth, a))
    )
    assert dict(zip(zip(*there[:2], strict=True), there[2], strict=True)) == pytest.approx(
        dict(zip(zip(back[1], back[0], strict=True), back[2], strict=True))
    )
    within = spatial_iou(there[:2], (truth, predicted), (a, b), TUBE_RATE)
    assert ((within >= 0) & (within <= 1)).all()
    if len(truth):
        same = tube_overlaps(truth, a, truth, a, 0.05, TUBE_RATE)
        assert same[2][same[0] == same[1]] == pytest.approx(np.ones(len(truth)))
        single = truth.drop_duplicates(["video", "label"]).reset_index(drop=True)
        of_single = tubes_of(single)
        scores = in_space(single, single, (of_single, of_single), (0.2, 1.0))
        assert [scores[name] for name in ("tube_map_20", "tube_map_100", "frame_map_50")] == [1, 1, 1]


@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True)
@given(tables(size=8), distinct, st.randoms(use_true_random=False))
def test_tube_ap_does_not_depend_on_row_order_and_falls_with_the_threshold(truth, predicted, random):
    order = random.sample(range(len(predicted)), len(predicted))
    boxes = tubes_of(predicted)
    place = {old: new for new, old in enumerate(order)}
    shuffled = boxes.assign(event=boxes["event"].map(place).astype(int))
    ious, of_truth = (0.2, 0.5, 0.8), tubes_of(truth)
    scores = in_space(truth, predicted, (of_truth, boxes), ious)
    assert in_space(truth, predicted.iloc[order], (of_truth, shuffled), ious) == scores
    if len(truth):
        assert scores["tube_map_20"] >= scores["tube_map_50"] >= scores["tube_map_80"]


def test_tubes_that_are_not_of_their_events_are_refused():
    table = one((0, 4), (10, 14))
    good = tubes_of(table)
    assert len(check_tubes(table, good)[1]) == 32
    for bad, message in [
        (good.assign(event=2), "row 0: event 2.0 is not the row of one of the 2 events"),
        (good.assign(time_s=5.0), "row 0: time_s 5.0 is outside the time of its event"),
        (good.assign(x0=0.9, x1=0.8), "x1 0.8 is left of x0"),
        (good.assign(y0=np.nan), "y0 nan is not a number"),
        (pd.concat([good, good]), "row 32: time_s 0.0 has two boxes"),
        (good.drop(columns="y1"), "column 'y1' is missing"),
    ]:
        with pytest.raises(KinesicsError, match=message):
            check_tubes(table, bad)
    swapped = table.iloc[::-1]
    events_, boxes = check_tubes(swapped, good.assign(event=1 - good["event"]))
    assert boxes.equals(check_tubes(table, good)[1])
    assert events_.equals(table)
    with pytest.raises(KinesicsError, match="those of 'truth' are missing"):
        score(table, table, tubes={"predicted": good})
    with pytest.raises(KinesicsError, match="1 events tables but 2 tables of tubes"):
        score(table, table, tubes={"truth": good, "predicted": [good, good]})
