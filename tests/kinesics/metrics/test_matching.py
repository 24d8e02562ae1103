"""Matching, event F1, average precision, spatial IoU, kappa and the bootstrap."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from support.event_tables import distinct, events, one, quick, tables

from kinesics.errors import KinesicsError
from kinesics.metrics import matching
from kinesics.metrics.agreement import cohen_kappa, frame_counts, frame_kappa
from kinesics.metrics.average_precision import ap_samples, average_precision
from kinesics.metrics.bootstrap import block_units, bootstrap_weights, percentile_interval
from kinesics.metrics.matching import (
    MAP_TIOUS,
    event_counts,
    f1_score,
    match_events,
    matched_box_iou,
    overlaps,
    sorted_events,
)
from kinesics.structures.events import check_events
from kinesics.structures.timegrid import rasterise


def toolkit_ap(truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float) -> dict[str, float]:
    """AP of each class after the published evaluation of ActivityNet 1.3, event by event, with a stable sort."""
    result = {}
    for label in truth["label"].unique():
        true = [(e.video, e.start_s, e.end_s) for e in truth.itertuples() if e.label == label]
        guesses = [(e.video, e.start_s, e.end_s, e.score) for e in predicted.itertuples() if e.label == label]
        guesses = [guesses[i] for i in np.argsort([g[3] for g in guesses], kind="stable")[::-1]]
        locked, hits = set(), []
        for video, start, end, _ in guesses:
            here = [i for i in range(len(true)) if true[i][0] == video]
            iou = []
            for i in here:
                inter = max(min(end, true[i][2]) - max(start, true[i][1]), 0.0)
                iou.append(inter / ((true[i][2] - true[i][1]) + (end - start) - inter))
            hits.append(0)
            for k in np.argsort(iou, kind="stable")[::-1]:
                if iou[k] < tiou:
                    break
                if here[k] not in locked:
                    locked.add(here[k])
                    hits[-1] = 1
                    break
        tp = np.cumsum(hits)
        precision = [0.0, *(tp / np.arange(1, len(hits) + 1)), 0.0]
        recall = [0.0, *(tp / len(true)), 1.0]
        for i in range(len(precision) - 2, -1, -1):
            precision[i] = max(precision[i], precision[i + 1])
        result[label] = sum((recall[i] - recall[i - 1]) * precision[i] for i in range(1, len(recall)))
    return result


# Matching and event F1


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
    counts = event_counts(truth, predicted)
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


# Average precision


def test_average_precision_by_hand():
    truth = one((0, 4), (10, 14))
    predicted = one((0, 4, 0.9), (20, 24, 0.8), (10, 13, 0.7), (10, 14, 0.6))
    ap = average_precision(truth, predicted, (0.5, 0.8))
    assert ap.loc["x", 0.5] == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    assert ap.loc["x", 0.8] == pytest.approx(1 / 2 + 1 / 2 * 2 / 4)


def test_of_equal_overlaps_the_later_truth_is_taken_and_of_equal_scores_the_later_event_leads():
    truth = one((0, 4), (4, 8))
    assert average_precision(truth, one((2, 6, 0.9), (4, 8, 0.8)), (0.3,)).loc["x", 0.3] == 0.5
    assert average_precision(truth, one((0, 4, 0.8), (2, 6, 0.9)), (0.3,)).loc["x", 0.3] == 1
    assert average_precision(one((0, 4)), one((0, 4), (20, 24)), (0.5,)).loc["x", 0.5] == 0.5
    assert average_precision(one((20, 24)), one((0, 4), (20, 24)), (0.5,)).loc["x", 0.5] == 1


def test_classes_are_those_of_the_truth():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "y", 0, 4, 1))
    predicted = events(("v", 0, "x", 0, 4, 1), ("v", 0, "z", 0, 4, 1))
    assert average_precision(truth, predicted, (0.5,))[0.5].to_dict() == {"x": 1.0, "y": 0.0}
    assert average_precision(truth[:0], predicted).empty


def test_person_matters_to_ap_unless_told():
    truth, predicted = events(("v", 0, "x", 0, 4, 1)), events(("v", 1, "x", 0, 4, 1))
    assert average_precision(truth, predicted).to_numpy().max() == 0
    assert average_precision(truth, predicted, match_person=False).to_numpy().min() == 1


@pytest.mark.slow
@settings(max_examples=80, deadline=None, derandomize=True)
@given(tables(), st.one_of(distinct, tables()), st.sampled_from(MAP_TIOUS))
def test_average_precision_equals_the_toolkit(truth, predicted, tiou):
    ap = average_precision(truth, predicted, match_person=False)[tiou]
    assert ap.to_dict() == pytest.approx(toolkit_ap(sorted_events(truth), sorted_events(predicted), tiou), abs=1e-12)


def test_average_precision_equals_the_toolkit_on_a_large_table():
    rng = np.random.default_rng(0)

    def table(n: int) -> pd.DataFrame:
        start = rng.uniform(0, 300, n)
        rows = {
            "video": rng.choice(list("abcd"), n),
            "person": 0,
            "label": rng.choice(list("xyz"), n),
            "start_s": start,
        }
        return check_events(pd.DataFrame(rows | {"end_s": start + rng.uniform(5, 40, n), "score": rng.random(n)}))

    truth, predicted = table(150), table(900)
    ap = average_precision(truth, predicted)
    for tiou in MAP_TIOUS:
        assert ap[tiou].to_dict() == pytest.approx(toolkit_ap(truth, predicted, tiou), abs=1e-12)
        assert 0.01 < ap[tiou].mean() < 0.99


@pytest.mark.slow
@quick
@given(tables(), distinct, st.lists(st.integers(0, 3), min_size=2, max_size=2))
def test_weights_act_as_copies_of_whole_videos(truth, predicted, copies):
    units = tuple((table["video"] == "w").to_numpy(int) for table in (truth, predicted))
    labels = sorted(truth["label"].unique())
    ap = ap_samples(truth, predicted, labels, (0.5,), False, units, np.array(copies, float)[:, None])[0, :, 0]

    def repeated(table: pd.DataFrame) -> pd.DataFrame:
        parts = [
            table[table.video == video].assign(video=f"{video}{k}")
            for video, n in zip("vw", copies, strict=True)
            for k in range(n)
        ]
        return pd.concat([table[:0], *parts])

    expected = toolkit_ap(repeated(truth), repeated(predicted), 0.5)
    for label, value in zip(labels, ap, strict=True):
        assert value == pytest.approx(expected[label], abs=1e-12) if label in expected else np.isnan(value)


# Spatial IoU


def test_matched_box_iou_by_hand():
    truth = one((0, 4), (10, 14), (20, 24)).assign(x0=0.0, y0=0.0, x1=[0.5, 0.5, np.nan], y1=0.5)
    predicted = one((0, 4), (20, 24)).assign(x0=0.25, y0=0.0, x1=0.75, y1=0.5)
    iou = matched_box_iou(truth, predicted, match_events(truth, predicted))
    assert iou == pytest.approx([1 / 3, np.nan, np.nan], nan_ok=True)


# Frame-wise kappa


def test_kappa_by_hand():
    truth = one((0, 5))
    assert frame_kappa(truth, one((0, 4)), {"v": 10})["x"] == pytest.approx(0.8)
    assert frame_kappa(truth, one((2.5, 7.5)), {"v": 10})["x"] == pytest.approx(0)
    assert frame_kappa(truth, one((5, 10)), {"v": 10})["x"] == pytest.approx(-1)
    assert np.isnan(frame_kappa(one((0, 10)), one((0, 10)), {"v": 10})["x"])
    assert np.isnan(cohen_kappa(np.zeros((2, 2))))


def test_frames_count_persons_and_empty_videos():
    truth = events(("v", 0, "x", 0, 1, 1), ("v", 1, "y", 0, 2, 1))
    counts = frame_counts(truth, truth[:0], {"u": 3, "v": 10}, ["x", "y", "z"], 4.0)
    assert counts.tolist() == [
        [[[12, 0], [0, 0]], [[76, 0], [4, 0]]],
        [[[12, 0], [0, 0]], [[72, 0], [8, 0]]],
        [[[12, 0], [0, 0]], [[80, 0], [0, 0]]],
    ]
    with pytest.raises(
        KinesicsError, match=r"1000000000 frames are too many to compare: video 'v' has 1e.06 s at 1000 Hz"
    ):
        frame_counts(truth, truth, {"v": 1e6}, ["x"], 1000)
    with pytest.raises(KinesicsError, match="rate_hz 0"):
        frame_counts(truth, truth, {"v": 10}, ["x"], 0)


def test_frames_fall_into_their_blocks():
    durations = {"v": 25.0}
    counts = frame_counts(one((5, 22)), one((15, 25)), durations, ["x"], 10.0, block_units(durations, 10))
    assert counts[0].tolist() == [[[50, 0], [50, 0]], [[0, 0], [50, 50]], [[0, 30], [0, 20]]]


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from([4.0, 10.0]))
def test_kappa_equals_sklearn(truth, predicted, rate):
    durations = {"v": 30.0, "w": 31.0}
    kappa = frame_kappa(truth, predicted, durations, rate)
    assert kappa.equals(frame_kappa(predicted, truth, durations, rate))
    both = pd.concat([truth, predicted])
    for label, value in kappa.items():
        masks = [[], []]
        for video, duration in durations.items():
            for person in sorted(set(both[both.video == video].person)) or [0]:
                for mask, table in zip(masks, (truth, predicted), strict=True):
                    rows = table[(table.video == video) & (table.person == person) & (table.label == label)]
                    mask.append(rasterise(rows[["start_s", "end_s"]].to_numpy(), int(duration * rate), rate))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = cohen_kappa_score(*map(np.concatenate, masks))
        assert value == pytest.approx(expected, nan_ok=True)


# Intervals


def test_blocks():
    units = block_units({"long": 25.0, "a": 10.0, "short": 0.5}, 10)
    assert units.of_video == {"a": range(1), "long": range(1, 4), "short": range(4, 5)}
    videos = np.array(["long", "long", "long", "long", "short", "a"])
    assert units.of_times(videos, np.array([9.9, 10, 24.9, 99, 0.2, 10])).tolist() == [1, 2, 3, 3, 4, 0]
    assert block_units({"long": 25.0, "a": 10.0}, np.inf).of_video == {"a": range(1), "long": range(1, 2)}
    for duration in (0, -1, np.inf, np.nan):
        with pytest.raises(KinesicsError, match="'v': duration"):
            block_units({"v": duration})
    with pytest.raises(KinesicsError, match="block_s 0"):
        block_units({"v": 1}, 0)


def test_weights_are_draws_with_replacement():
    weights = bootstrap_weights(30, 500, seed=3)
    assert weights.shape == (30, 501)
    assert (weights[:, 0] == 1).all()
    assert (weights.sum(0) == 30).all()
    assert weights[:, 1:].var() == pytest.approx(29 / 30, rel=0.1)
    assert (weights == bootstrap_weights(30, 500, seed=3)).all()
    assert (weights != bootstrap_weights(30, 500, seed=4)).any()
    assert bootstrap_weights(0, 5).shape == (0, 6)


def test_percentile_interval_leaves_out_what_is_undefined():
    low, high = percentile_interval(np.array([[9, *range(101), np.nan], [1, *[np.nan] * 102]]))
    assert (low[0], high[0]) == pytest.approx((2.5, 97.5))
    assert np.isnan([low[1], high[1]]).all()


def test_interval_covers_where_events_of_a_video_resemble_each_other():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        found = rng.binomial(4, rng.beta(3.5, 1.5, 40))  # of 4 events a video, expected recall 0.7
        weights = bootstrap_weights(40, 400, seed)
        low, high = percentile_interval((found @ weights / (4 * weights.sum(0)))[None])
        covered += low[0] <= 0.7 <= high[0]
    assert 0.91 <= covered / 300 <= 0.98
