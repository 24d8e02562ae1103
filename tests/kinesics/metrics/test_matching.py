"""Match predicted to true events in time, and the IoU of their boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.event_tables import event_counts, events, one, quick, tables

from kinesics.errors import KinesicsError
from kinesics.metrics import matching
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.matching import f1_score, match_events, matched_box_iou, overlaps
from kinesics.structures.boxes import temporal_iou


def test_match_keeps_the_pair_that_a_greedy_choice_loses():
    truth, predicted = one((0, 10), (8, 18)), one((0, 4.5), (2, 14))
    assert overlaps(truth, predicted, 0.3)[2] == pytest.approx([0.45, 8 / 14, 6 / 16])
    assert match_events(truth, predicted, 0.3).tolist() == [0, 1]
    assert match_events(truth, predicted, 0.4).tolist() == [1, -1]
    assert match_events(truth, predicted, 0.5).tolist() == [1, -1]


def test_match_counts_two_poor_pairs_above_one_perfect():
    assert match_events(one((0, 10), (6, 12)), one((0, 3.5), (0, 10)), 0.3).tolist() == [0, 1]


def test_match_prefers_larger_overlap_among_as_many_pairs():
    assert match_events(one((0, 10)), one((0, 9), (0, 10), (0, 11)), 0.3).tolist() == [1]


def test_threshold_is_reached_by_equality():
    truth, predicted = one((0, 4)), one((0, 2))
    assert match_events(truth, predicted, 0.5).tolist() == [0]
    assert match_events(truth, predicted, 0.51).tolist() == [-1]


def test_match_only_within_video_label_and_person():
    truth = events(("v", 0, "x", 0, 4, 1))
    for row in [("w", 0, "x", 0, 4, 1), ("v", 0, "y", 0, 4, 1), ("v", 1, "x", 0, 4, 1)]:
        assert match_events(truth, events(row)).tolist() == [-1]
    assert match_events(truth, events(("v", 1, "x", 0, 4, 1)), match_person=False).tolist() == [0]


def test_event_counts_by_hand():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "x", 10, 14, 1), ("v", 0, "y", 0, 4, 1))
    predicted = events(("v", 0, "x", 0, 4, 1), ("v", 0, "x", 0.25, 4, 1), ("v", 0, "z", 0, 4, 1))
    counts = event_counts(truth, predicted, 0.5)
    assert counts.loc[["x", "y", "z"]].to_numpy().tolist() == [[1, 1, 1], [0, 0, 1], [0, 1, 0]]
    assert f1_score(*counts.sum()[["tp", "fp", "fn"]]) == pytest.approx(1 / 3)
    assert f1_score(counts.tp, counts.fp, counts.fn) == pytest.approx([0.5, 0, 0])
    assert np.isnan(f1_score(0, 0, 0))


@pytest.mark.parametrize("tiou", [0, -0.1, 1.1, float("nan")])
def test_bad_threshold_is_named(tiou: float):
    with pytest.raises(KinesicsError, match=str(tiou)):
        match_events(one((0, 1)), one((0, 1)), tiou)
    with pytest.raises(KinesicsError, match="tIoU"):
        average_precision(one((0, 1)), one((0, 1)), ())


@quick
@given(tables(), tables(), st.sampled_from([0.3, 0.5, 1.0]), st.booleans())
def test_match_is_one_to_one_and_above_threshold(truth, predicted, tiou, match_person):
    matched = match_events(truth, predicted, tiou, match_person)
    hit = matched[matched >= 0]
    assert len(set(hit)) == len(hit)
    allowed = {(t, p) for t, p, _ in zip(*overlaps(truth, predicted, tiou, match_person), strict=True)}
    assert {(t, p) for t, p in enumerate(matched) if p >= 0} <= allowed
    left = {t for t in range(len(truth)) if matched[t] < 0}, set(range(len(predicted))) - set(hit)
    assert not [pair for pair in allowed if pair[0] in left[0] and pair[1] in left[1]]


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from([0.3, 0.5]))
def test_event_f1_is_symmetric(truth, predicted, tiou):
    there, back = event_counts(truth, predicted, tiou), event_counts(predicted, truth, tiou)
    assert (there[["tp", "fn", "fp"]].to_numpy() == back[["tp", "fp", "fn"]].to_numpy()).all()


@pytest.mark.slow
@quick
@given(tables(), tables())
def test_overlaps_in_pieces_are_the_same(truth, predicted):
    whole = overlaps(truth, predicted, 0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "PAIRS_AT_ONCE", 3)
        pieces = overlaps(truth, predicted, 0.1)
    assert all((a == b).all() for a, b in zip(whole, pieces, strict=True))


def test_matched_box_iou_by_hand():
    truth = one((0, 4), (10, 14), (20, 24)).assign(x0=0.0, y0=0.0, x1=[0.5, 0.5, np.nan], y1=0.5)
    predicted = one((0, 4), (20, 24)).assign(x0=0.25, y0=0.0, x1=0.75, y1=0.5)
    iou = matched_box_iou(truth, predicted, match_events(truth, predicted))
    assert iou == pytest.approx([1 / 3, np.nan, np.nan], nan_ok=True)


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from([0.05, 0.1, 0.5, 1.0]), st.booleans())
def test_overlaps_are_those_of_all_pairs(truth, predicted, tiou, match_person):
    keys = ["video", "label", *(["person"] if match_person else [])]
    iou = temporal_iou(*(table[["start_s", "end_s"]].to_numpy() for table in (truth, predicted)))
    same = np.all([truth[key].to_numpy()[:, None] == predicted[key].to_numpy() for key in keys], 0)
    t, p, values = overlaps(truth, predicted, tiou, match_person)
    assert list(zip(t, p, strict=True)) == list(zip(*np.nonzero(same & (iou >= tiou)), strict=True))
    assert (values == iou[t, p]).all()
