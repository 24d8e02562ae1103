"""Differences of detectors, permutation tests and scores of subsets."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from support.event_tables import distinct, events, one, tables

from kinesics.errors import KinesicsError
from kinesics.metrics.comparison import compare, score_subsets
from kinesics.metrics.scoring import score


@pytest.mark.slow
def test_compare_is_paired():
    truth = one(*[(k * 5, k * 5 + 2) for k in range(40)])
    kept = np.random.default_rng(0).random(40) < 0.7
    first, second = truth[kept], truth[kept][:-3]
    apart = [score(truth, table)["metrics"]["recall_50"] for table in (first, second)]
    paired = compare(truth, first, second)["metrics"]["recall_50"]
    assert paired["value"] == pytest.approx(3 / 40)
    assert paired["value"] == pytest.approx(apart[0]["value"] - apart[1]["value"])
    assert paired["high"] - paired["low"] < 0.8 * (apart[0]["high"] - apart[0]["low"])
    assert compare(truth, first, first)["metrics"]["f1_50"]["high"] == 0


def test_a_permutation_test_of_recall_is_that_of_the_sums_over_videos():
    """Recall adds up over videos, so that every swap can be done by hand."""
    truth = events(*[(f"v{k}", 0, "x", 10 * i, 10 * i + 4, 1) for k in range(6) for i in range(4)])
    kept = np.random.default_rng(3).random((2, len(truth))) < [[0.8], [0.5]]
    first, second = (truth[keep].assign(score=0.5) for keep in kept)
    recall = compare(truth, first, second, permutations=64, resamples=0, block_s=np.inf)["metrics"]["recall_50"]
    per_video = (kept[0].astype(int) - kept[1]).reshape(6, 4).sum(1)
    sums = [abs(np.dot(signs, per_video)) for signs in itertools.product([1, -1], repeat=6)]
    assert recall["value"] == pytest.approx(per_video.sum() / 24, abs=1e-6)
    assert recall["p"] == pytest.approx(np.mean(np.array(sums) >= abs(per_video.sum())), abs=1e-6)


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


def test_subsets_of_a_script_are_paired():
    rng = np.random.default_rng(0)
    names = [f"{severity}{k}" for severity in "ab" for k in range(8)]
    truth = events(*[(name, 0, "x", 10 * i, 10 * i + 4, 1) for name in names for i in range(6)])
    easy = rng.random((8, 6)) < np.linspace(0.1, 0.9, 8)[:, None]
    predicted = truth[np.concatenate([easy, easy & (rng.random((8, 6)) < 0.9)]).ravel()]
    subsets = {severity: [name for name in names if name[0] == severity] for severity in "ab"}
    kinds = {"durations": dict.fromkeys(names, 60.0), "resamples": 500, "baseline": "a"}
    paired = score_subsets(truth, predicted, subsets, clusters={name: name[1:] for name in names}, **kinds)["b"]
    apart = score_subsets(truth, predicted, subsets, **kinds)["b"]
    one_, two = paired["difference"]["recall_50"], apart["difference"]["recall_50"]
    assert one_["value"] == two["value"] < 0
    assert one_["high"] - one_["low"] < 0.7 * (two["high"] - two["low"])
    assert paired["metrics"]["recall_50"]["n"] == 48
    with pytest.raises(KinesicsError, match="baseline 'c' is not a subset; there are a, b"):
        score_subsets(truth, predicted, subsets, baseline="c")
