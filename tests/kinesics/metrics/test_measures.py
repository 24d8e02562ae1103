"""Average recall, tubes, sequences, classification, calibration and the tests of differences."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score
from sklearn.metrics import f1_score as sklearn_f1
from support.event_tables import distinct, events, one, tables

from kinesics.errors import KinesicsError
from kinesics.metrics import sequence_metrics
from kinesics.metrics.agreement import frame_counts
from kinesics.metrics.average_precision import ANET_TIOUS, average_recall, recall_auc
from kinesics.metrics.bootstrap import holm, permutation_p, permutation_signs
from kinesics.metrics.calibration import ccc, ece, reliability
from kinesics.metrics.classification import label_predictions, uar, war, weighted_f1
from kinesics.metrics.comparison import compare
from kinesics.metrics.identity import boxes_of_tubes, match_persons, remap_persons
from kinesics.metrics.scoring import score
from kinesics.metrics.tubes import (
    frame_average_precision,
    match_boxes,
    spatial_iou,
    tube_average_precision,
    tube_overlaps,
)
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_tubes

RATE = 4.0
few = settings(max_examples=8, deadline=None, derandomize=True)
quick = settings(max_examples=20, deadline=None, derandomize=True)


def tubes_of(table: pd.DataFrame, boxes: dict[int, tuple] | None = None) -> pd.DataFrame:
    """Give every event a still box at every sample of 4 Hz: that of its row, or else of its person."""
    rows = []
    for number, event in enumerate(table.itertuples()):
        box = (boxes or {}).get(number, (0.4 * event.person, 0.0, 0.4 * event.person + 0.4, 0.5))
        rows += [(number, k / RATE, *box) for k in range(round(event.start_s * RATE), round(event.end_s * RATE))]
    return pd.DataFrame(rows, columns=TUBE_COLUMNS)


# Average recall


def toolkit_recall(truth: pd.DataFrame, predicted: pd.DataFrame, most: float = 100.0) -> list[float]:
    """AR at 1 to 100 proposals a video after the published evaluation of ActivityNet's proposals, video by video."""
    videos = list(truth["video"].unique())
    share = most * float(len(videos)) / len(predicted)
    tious, kept = [], 0
    for video in videos:
        true = truth[truth["video"] == video][["start_s", "end_s"]].to_numpy()
        found = predicted[predicted["video"] == video]
        found = found.iloc[np.argsort(found["score"].to_numpy(), kind="stable")[::-1]][["start_s", "end_s"]].to_numpy()
        found = found[: min(int(len(found) * share), len(found))]
        kept += len(found)
        iou = np.zeros((len(true), max(len(found), 1)))
        for i, j in itertools.product(range(len(true)), range(len(found))):
            inter = max(min(true[i, 1], found[j, 1]) - max(true[i, 0], found[j, 0]), 0)
            iou[i, j] = inter / (true[i, 1] - true[i, 0] + found[j, 1] - found[j, 0] - inter)
        tious.append(iou)
    steps = np.arange(1, 101) / 100.0 * (most * float(len(videos)) / kept) if kept else np.zeros(100)
    recall = []
    for step in steps:
        hits = 0.0
        for iou in tious:
            first = iou[:, : min(int(iou.shape[1] * step), iou.shape[1])]
            hits += sum(((first >= tiou).sum(1) > 0).sum() for tiou in ANET_TIOUS)
        recall.append(hits / 10 / len(truth))
    return recall


@pytest.mark.slow
@quick
@given(tables(size=8).filter(len), st.one_of(distinct, tables(size=30)).filter(len))
def test_average_recall_equals_the_toolkit(truth, predicted):
    recall = average_recall(truth, predicted)
    assert recall.to_numpy() == pytest.approx(toolkit_recall(truth, predicted), abs=1e-12)
    assert (np.diff(recall) >= 0).all()
    assert 0 <= recall_auc(recall.to_numpy()) <= 1


def test_average_recall_by_hand():
    truth = one((0, 10), (20, 30))
    recall = average_recall(truth, one((0, 10, 0.9), (50, 60, 0.8), (20, 27.5, 0.7)))
    # The second truth is recalled by the third proposal, at the six thresholds up to 0.75.
    assert recall[[1, 2, 3, 100]].tolist() == pytest.approx([0.5, 0.5, 0.8, 0.8])
    assert recall_auc(recall.to_numpy()) == pytest.approx((0.5 + 0.65 + 97 * 0.8) / 100)
    assert average_recall(truth, truth).loc[2:].min() == 1
    assert average_recall(truth, truth[:0]).max() == 0
    with pytest.raises(KinesicsError, match="max_proposals 0"):
        average_recall(truth, truth, max_proposals=0)


# Space and time


def test_tube_iou_by_hand():
    truth, predicted = one((0, 4)), one((2, 6))
    boxes = {0: (0.0, 0.0, 0.5, 0.5)}, {0: (0.25, 0.0, 0.75, 0.5)}
    tubes = [tubes_of(table, box) for table, box in zip((truth, predicted), boxes, strict=True)]
    assert tube_overlaps(truth, tubes[0], predicted, tubes[1], 0.1, RATE)[2] == pytest.approx([1 / 3 * 1 / 3])
    half = tubes[1][tubes[1]["time_s"] >= 3]  # in one of the two common seconds there is no box
    assert tube_overlaps(truth, tubes[0], predicted, half, 0.01, RATE)[2] == pytest.approx([1 / 3 * 1 / 6])
    assert tube_overlaps(truth, tubes[0], predicted, tubes[1][:0], 0.01, RATE)[2].size == 0
    ap = tube_average_precision(truth, tubes[0], predicted, tubes[1], (0.1, 0.2), RATE)
    assert ap.loc["x"].tolist() == [1, 0]


def test_frame_ap_by_hand():
    truth, predicted = one((0, 4)), one((0, 4, 0.9), (2, 6, 0.8))
    tubes = tubes_of(truth), tubes_of(predicted)
    # Of 32 boxes the first 16 are right; the later event's are second boxes or in frames where nothing is true.
    assert frame_average_precision(truth, tubes[0], predicted, tubes[1], rate_hz=RATE).loc["x", 0.5] == 1
    turned = predicted.assign(score=[0.8, 0.9])
    # The 16 boxes of the second event lead: 8 are right. Then 8 of the first find a truth that is still free.
    expected = 8 / 16 * 8 / 16 + 8 / 16 * 16 / 32
    ap = frame_average_precision(truth, tubes[0], turned, tubes[1], rate_hz=RATE).loc["x", 0.5]
    assert ap == pytest.approx(expected, abs=0.05)


def test_a_box_of_a_frame_asks_for_its_best_truth_alone():
    def boxes(*rows: tuple) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["score", *BOX])
        return table.assign(event=range(len(table)), frame=3, video="v", label="x")

    truth = boxes((1, 0, 0, 0.4, 1), (1, 0.1, 0, 0.5, 1))
    predicted = boxes((0.9, 0, 0, 0.4, 1), (0.8, 0, 0, 0.4, 1), (0.7, 0.1, 0, 0.5, 1))
    assert match_boxes(truth, predicted, (0.5,)).tolist() == [[0, -1, 1]]


@pytest.mark.slow
@few
@given(tables(size=8), tables(size=8), st.booleans())
def test_tube_iou_is_symmetric_and_at_most_the_temporal_one(truth, predicted, still):
    boxes = {} if still else {k: (0.01 * k, 0.0, 0.5 + 0.01 * k, 0.5) for k in range(20)}
    a, b = tubes_of(truth, boxes), tubes_of(predicted, boxes)
    there, back = (tube_overlaps(*sides, 0.05, RATE) for sides in ((truth, a, predicted, b), (predicted, b, truth, a)))
    assert dict(zip(zip(*there[:2], strict=True), there[2], strict=True)) == pytest.approx(
        dict(zip(zip(back[1], back[0], strict=True), back[2], strict=True))
    )
    within = spatial_iou(there[:2], (truth, predicted), (a, b), RATE)
    assert ((within >= 0) & (within <= 1)).all()
    if len(truth):
        same = tube_overlaps(truth, a, truth, a, 0.05, RATE)
        assert same[2][same[0] == same[1]] == pytest.approx(np.ones(len(truth)))
        single = truth.drop_duplicates(["video", "label"]).reset_index(drop=True)
        of_single = tubes_of(single)
        assert (tube_average_precision(single, of_single, single, of_single, (0.2, 1.0), RATE) == 1).all(axis=None)
        assert (frame_average_precision(single, of_single, single, of_single, rate_hz=RATE) == 1).all(axis=None)


@pytest.mark.slow
@few
@given(tables(size=8), distinct, st.randoms(use_true_random=False))
def test_tube_ap_does_not_depend_on_row_order_and_falls_with_the_threshold(truth, predicted, random):
    order = random.sample(range(len(predicted)), len(predicted))
    boxes = tubes_of(predicted)
    place = {old: new for new, old in enumerate(order)}
    shuffled = boxes.assign(event=boxes["event"].map(place).astype(int))
    ap = tube_average_precision(truth, tubes_of(truth), predicted, boxes, (0.2, 0.5, 0.8), RATE)
    again = tube_average_precision(truth, tubes_of(truth), predicted.iloc[order], shuffled, (0.2, 0.5, 0.8), RATE)
    assert ap.equals(again)
    assert (ap[0.2] >= ap[0.8] - 1e-12).all()


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


def test_persons_of_the_tracker_are_assigned_by_their_boxes():
    truth = events(("v", 0, "head_turn", 0, 10, 1), ("v", 1, "head_turn", 0, 10, 1))
    true = boxes_of_tubes(truth, tubes_of(truth))
    # The tracker calls the right person 0, has lost the left one but for a second, and sees a third in a wall.
    found = pd.concat(
        [
            true[true["person"] == 1].assign(person=0),
            true[(true["person"] == 0) & (true["time_s"] < 9)].assign(person=2, x1=0.3),
            true[(true["person"] == 0) & (true["time_s"] >= 9)].assign(person=5),
            true[true["person"] == 0].assign(person=7, x0=0.9, x1=1.0),
        ]
    )
    assert match_persons(true, found, RATE) == {0: 1, 2: 0}
    assert match_persons(true, found[:0], RATE) == match_persons(true[:0], found, RATE) == {}
    mapped = remap_persons(truth.assign(person=[0, 7]), {0: 1, 2: 0}, 2)
    assert mapped["person"].tolist() == [1, 2]


# Sequences


def test_levenshtein_accuracy_by_hand():
    truth = events(*[("v", 0, label, 2 * k, 2 * k + 1, 1) for k, label in enumerate("xyzx")], ("w", 0, "x", 0, 1, 1))
    predicted = events(*[("v", 0, label, 2 * k, 2 * k + 1, 1) for k, label in enumerate("xzxy")])
    # v: y is missing, y is too much; w: x is missing. Three edits of five events.
    assert sequence_metrics.levenshtein_accuracy(truth, predicted) == pytest.approx(1 - 3 / 5)
    assert sequence_metrics.levenshtein_accuracy(truth, truth) == 1
    assert sequence_metrics.levenshtein_accuracy(truth[:1], predicted) == -2
    assert np.isnan(sequence_metrics.levenshtein_accuracy(truth[:0], predicted))


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
    counts = frame_counts(truth, predicted, durations, ["x", "y", "z"], RATE)
    index = sequence_metrics.jaccard(counts)  # silent, v, w
    assert index == pytest.approx([np.nan, (0.5 + 0) / 2, 1 / 3], nan_ok=True)
    found = score(truth, predicted, durations=durations, rate_hz=RATE, block_s=np.inf, resamples=0)["metrics"]
    assert (found["mean_jaccard"]["value"], found["mean_jaccard"]["n"]) == (
        pytest.approx((0.25 + 1 / 3) / 2, abs=1e-6),
        2,
    )


# Classification, calibration, concordance


@quick
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_classification_equals_sklearn(pairs):
    true, said = np.array(pairs).T
    correct, support, answered = (np.bincount(of, minlength=4) for of in (true[true == said], true, said))
    assert war(correct, support) == pytest.approx(accuracy_score(true, said))
    assert weighted_f1(correct, support, answered) == pytest.approx(
        sklearn_f1(true, said, average="weighted", zero_division=0)
    )
    expected = recall_score(true, said, labels=sorted(set(true)), average="macro", zero_division=0)
    assert uar(correct, support) == pytest.approx(expected)


def test_the_answer_to_an_event_is_the_nearest_prediction():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "y", 10, 14, 1), ("v", 0, "z", 20, 24, 1))
    predicted = events(("v", 0, "y", 0, 4, 0.1), ("v", 0, "x", 0, 3, 0.9), ("v", 0, "y", 10, 14, 0.5))
    assert [predicted["label"][k] if k >= 0 else None for k in label_predictions(truth, predicted)] == ["y", "y", None]
    found = score(truth, predicted, resamples=0)["metrics"]
    assert found["war"]["value"] == found["uar"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert found["weighted_f1"]["value"] == pytest.approx(2 / 3 / 3, abs=1e-6)


def test_calibration_by_hand():
    score_, hit = np.array([0.95, 0.95, 0.15, 1.0]), np.array([True, False, False, True])
    curve = reliability(score_, hit)
    assert curve["n"].tolist() == [0, 1, *[0] * 7, 3]
    assert curve["precision"].iloc[9] == pytest.approx(2 / 3)
    assert ece(score_, hit) == pytest.approx((0.15 + abs(2 - 2.9)) / 4)
    with pytest.raises(KinesicsError, match=r"score 1\.5"):
        ece(np.array([1.5]), np.array([True]))
    truth = one((0, 4), (10, 14))
    assert score(truth, one((0, 4, 0.8), (20, 24, 0.4)), resamples=0)["metrics"]["ece"]["value"] == pytest.approx(0.3)
    assert score(truth, one((0, 4, 7.0)), resamples=0)["metrics"]["ece"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
    }


@quick
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_ece_is_in_range_and_blind_to_order(rows, random):
    value = ece(*np.array(rows).T)
    assert 0 <= value <= 1
    assert ece(*np.array(random.sample(rows, len(rows))).T) == pytest.approx(value)
    hit = np.array(rows)[:, 1]
    assert ece(hit, hit) == 0


numbers = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


def test_ccc_by_hand():
    assert ccc(np.array([1, 2, 3]), np.array([2, 3, 4])) == pytest.approx(2 * 2 / 3 / (4 / 3 + 1))
    assert ccc(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert np.isnan(ccc(np.ones(3), np.ones(3)))
    assert ccc(np.ones(3), np.zeros(3)) == 0
    with pytest.raises(KinesicsError, match="3 and 2"):
        ccc(np.ones(3), np.ones(2))


@quick
@given(numbers, st.integers(0, 99))
def test_ccc_is_symmetric_bounded_and_below_the_correlation(series, seed):
    a = np.array(series)
    b = np.random.default_rng(seed).normal(a, 20)
    value = ccc(a, b)
    assert value == pytest.approx(ccc(b, a))
    assert -1 - 1e-9 <= value <= 1 + 1e-9
    if a.std() > 1e-3:
        assert abs(value) <= abs(np.corrcoef(a, b)[0, 1]) + 1e-9
        assert ccc(a, a) == pytest.approx(1)


# Tests of differences


def test_swaps_are_all_or_random():
    every = permutation_signs(3, 8)
    assert sorted(map(tuple, every.T)) == sorted(itertools.product([False, True], repeat=3))
    some = permutation_signs(30, 500, seed=1)
    assert some.shape == (30, 501)
    assert not some[:, 0].any()
    assert some[:, 1:].mean() == pytest.approx(0.5, abs=0.02)
    for units in (62, 63, 64):
        assert permutation_signs(np.int64(units), 100).shape == (units, 101)


def test_p_and_holm_by_hand():
    assert permutation_p(np.array([3.0, -3, 1, 2])) == 0.5
    assert permutation_p(np.array([[0.0, 1, 2], [2, 1, np.nan]])).tolist() == [1.0, 0.5]
    assert np.isnan(permutation_p(np.array([[np.nan, 1], [1, np.nan]]))).all()
    assert holm([0.01, 0.04, 0.03, np.nan]) == pytest.approx([0.03, 0.06, 0.06, np.nan], nan_ok=True)
    assert holm([0.9, 0.8]).tolist() == [1, 1]


def test_a_permutation_test_of_recall_is_that_of_the_sums_over_videos():
    """Recall adds up over videos, so that every swap can be done by hand."""
    truth = events(*[(f"v{k}", 0, "x", 10 * i, 10 * i + 4, 1) for k in range(6) for i in range(4)])
    kept = np.random.default_rng(3).random((2, len(truth))) < [[0.8], [0.5]]
    first, second = (truth[keep].assign(score=0.5) for keep in kept)
    found = compare(truth, first, second, permutations=64, resamples=0, block_s=np.inf)["metrics"]["recall_50"]
    per_video = (kept[0].astype(int) - kept[1]).reshape(6, 4).sum(1)
    sums = [abs(np.dot(signs, per_video)) for signs in itertools.product([1, -1], repeat=6)]
    assert found["value"] == pytest.approx(per_video.sum() / 24, abs=1e-6)
    assert found["p"] == pytest.approx(np.mean(np.array(sums) >= abs(per_video.sum())), abs=1e-6)


@pytest.mark.slow
@settings(max_examples=3, deadline=None, derandomize=True)
@given(tables(size=8).filter(len), distinct, distinct)
def test_a_comparison_turns_its_sign_and_keeps_its_p_when_the_detectors_change_places(truth, first, second):
    shared = {"resamples": 0, "block_s": np.inf, "durations": {"v": 31.0, "w": 31.0}}
    settings_ = shared | {"permutations": 16}
    there, back = compare(truth, first, second, **settings_), compare(truth, second, first, **settings_)
    alone = [score(truth, table, labels=there["labels"], **shared)["metrics"] for table in (first, second)]
    for name, entry in there["metrics"].items():
        other = back["metrics"][name]
        assert entry["p"] == other["p"]
        assert entry["value"] is None or entry["value"] == -other["value"]
        values = [one_[name]["value"] for one_ in alone]
        if None not in values:
            assert entry["value"] == pytest.approx(values[0] - values[1], abs=3e-6)
    same = compare(truth, first, [first, first], **settings_)["metrics"]
    assert {entry["p"] for entry in same.values()} <= {1.0, None}
