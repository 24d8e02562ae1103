"""Average precision and average recall, against the published evaluations of ActivityNet."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import distinct, events, one, quick, tables

from kinesics.errors import KinesicsError
from kinesics.metrics.average_precision import (
    ANET_TIOUS,
    ap_samples,
    average_precision,
    average_recall,
    interpolated_ap,
    recall_auc,
)
from kinesics.metrics.matching import MAP_TIOUS, match_ranked, ranking, sorted_events
from kinesics.structures.events import check_events


def toolkit_ap(truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float) -> dict[str, float]:
    """AP of each class after the published evaluation of ActivityNet 1.3, event by event, with a stable sort."""
    result = {}
    for label in truth["label"].unique():
        true = [(e.video, e.start_s, e.end_s) for e in truth.itertuples() if e.label == label]
        predictions = [(e.video, e.start_s, e.end_s, e.score) for e in predicted.itertuples() if e.label == label]
        predictions = [predictions[i] for i in np.argsort([g[3] for g in predictions], kind="stable")[::-1]]
        locked, hits = set(), []
        for video, start, end, _ in predictions:
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


def test_persons_must_match_for_ap_unless_ignored():
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


def toolkit_recall(truth: pd.DataFrame, predicted: pd.DataFrame, most: float = 100.0) -> list[float]:
    """AR at 1 to 100 proposals a video after the published evaluation of ActivityNet's proposals, video by video."""
    videos = list(truth["video"].unique())
    share = most * float(len(videos)) / len(predicted)
    tious, kept = [], 0
    for video in videos:
        true = truth[truth["video"] == video][["start_s", "end_s"]].to_numpy()
        proposals = predicted[predicted["video"] == video]
        proposals = proposals.iloc[np.argsort(proposals["score"].to_numpy(), kind="stable")[::-1]][
            ["start_s", "end_s"]
        ].to_numpy()
        proposals = proposals[: min(int(len(proposals) * share), len(proposals))]
        kept += len(proposals)
        iou = np.zeros((len(true), max(len(proposals), 1)))
        for i, j in itertools.product(range(len(true)), range(len(proposals))):
            inter = max(min(true[i, 1], proposals[j, 1]) - max(true[i, 0], proposals[j, 0]), 0)
            iou[i, j] = inter / (true[i, 1] - true[i, 0] + proposals[j, 1] - proposals[j, 0] - inter)
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
@settings(max_examples=20, deadline=None, derandomize=True)
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


@pytest.mark.slow
@quick
@given(tables(), distinct, st.integers(0, 99))
def test_ap_of_weighted_units_is_that_of_weighted_predictions(truth, predicted, seed):
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    rng = np.random.default_rng(seed)
    units = tuple(rng.integers(0, 3, len(table)) for table in (truth, predicted))
    weights = rng.integers(0, 3, (3, 5)).astype(float)
    labels = ["x", "y", "z"]
    ap = ap_samples(truth, predicted, labels, (0.3, 0.5), False, units, weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kinesics.metrics.average_precision.WEIGHTS_AT_ONCE", 8)
        assert np.array_equal(
            ap, ap_samples(truth, predicted, labels, (0.3, 0.5), False, units, weights), equal_nan=True
        )
    for taken, of_threshold in zip(match_ranked(truth, predicted, (0.3, 0.5), False), ap, strict=True):
        for label, values in zip(labels, of_threshold, strict=True):
            rows = [row for row in ranking(predicted) if predicted["label"][row] == label]
            hit = taken[rows] >= 0
            unit = [units[0][taken[row]] if taken[row] >= 0 else units[1][row] for row in rows]
            total = weights[units[0][(truth["label"] == label).to_numpy()]].sum(0)
            expected = interpolated_ap(hit, weights[np.array(unit, int)], total)
            assert values == pytest.approx(expected, nan_ok=True)
