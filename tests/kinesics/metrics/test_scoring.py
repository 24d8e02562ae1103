"""Every metric of a table against its truth, with intervals."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT
from support.event_tables import distinct, event_counts, events, kappas, one, tables, values

from kinesics.errors import KinesicsError
from kinesics.metrics.agreement import cohen_kappa
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.bootstrap import bootstrap_weights
from kinesics.metrics.comparison import compare
from kinesics.metrics.matching import f1_score
from kinesics.metrics.report import format_report
from kinesics.metrics.scoring import distinct_columns, score
from kinesics.structures.events import empty_events

ANNOTATIONS = ROOT / "annotations"
DURATIONS = {"v": 31.0, "w": 40.0}


def measure(truth, predicted, **more) -> dict[str, float | None]:
    return values(score(truth, predicted, **({"durations": DURATIONS, "resamples": 0} | more)))


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables())
def test_score_equals_the_functions_it_is_made_of(truth, predicted):
    metrics = measure(truth, predicted)
    for tiou, name in ((0.3, "30"), (0.5, "50")):
        counts = event_counts(truth, predicted, tiou)
        tp, fp, fn = counts.sum()[["tp", "fp", "fn"]]
        expected = {
            f"f1_{name}": f1_score(tp, fp, fn),
            f"f1_macro_{name}": f1_score(counts.tp, counts.fp, counts.fn).mean() if len(counts) else np.nan,
            f"precision_{name}": tp / (tp + fp) if tp + fp else np.nan,
            f"recall_{name}": tp / (tp + fn) if tp + fn else np.nan,
            f"map_{name}": average_precision(truth, predicted)[tiou].mean(),
            "map": average_precision(truth, predicted).to_numpy().mean() if len(truth) else np.nan,
            "kappa": pd.Series(kappas(truth, predicted, DURATIONS)).mean(),
        }
        for key, value in expected.items():
            assert metrics[key] == pytest.approx(value, abs=1e-6) if np.isfinite(value) else metrics[key] is None


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables().filter(len))
def test_a_perfect_prediction_scores_one(truth):
    truth = truth.drop_duplicates(["video", "person", "label"]).assign(x0=0.1, y0=0.1, x1=0.4, y1=0.4)
    metrics = measure(truth, truth)
    # Scores are not all 1, and AR also is of few proposals.
    assert {value for name, value in metrics.items() if not name.startswith(("ece", "ccc", "ar_"))} == {1.0}


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(truth, predicted, random):
    predicted = predicted.assign(x0=0.0, y0=0.0, x1=np.arange(len(predicted)) / 20, y1=0.5)
    truth = truth.assign(x0=0.0, y0=0.0, x1=0.3, y1=0.5)
    shuffled = [table.iloc[random.sample(range(len(table)), len(table))] for table in (truth, predicted)]
    settings = {"durations": DURATIONS, "resamples": 50}
    assert json.dumps(score(truth, predicted, **settings)) == json.dumps(score(*shuffled, **settings))


def test_events_that_differ_only_in_the_box_keep_no_row_order():
    truth = one((0, 4)).assign(x0=0.0, y0=0.0, x1=0.5, y1=0.5)
    predicted = one((0, 4), (0, 4)).assign(x0=0.0, y0=0.0, x1=[0.5, 1.0], y1=0.5)
    assert measure(truth, predicted) == measure(truth, predicted[::-1])


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables())
def test_f1_and_kappa_are_symmetric(a, b):
    there, back = measure(a, b), measure(b, a)
    assert there["precision_30"] == back["recall_30"]
    for name in ("f1_30", "f1_50", "f1_macro_30", "f1_macro_50", "kappa"):
        assert there[name] == back[name]


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables(), st.sampled_from("vw"), st.sampled_from("xyz"), st.floats(0, 1))
def test_a_false_alarm_never_helps(truth, predicted, video, label, confidence):
    alarm = events((video, 0, label, 30.0, 31.0, confidence))
    truth = truth[truth.end_s <= 30]
    before, after = measure(truth, predicted), measure(truth, pd.concat([predicted, alarm]))
    for name in ("precision_30", "precision_50", "f1_30", "f1_50", "map", "recall_30"):
        assert (after[name] or 0) <= (before[name] if before[name] is not None else 1)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables())
def test_names_and_time_shifts_do_not_matter(truth, predicted):
    other = {"x": "speaking", "y": "c", "z": "a"}
    moved = [t.assign(label=t.label.map(other), start_s=t.start_s + 8, end_s=t.end_s + 8) for t in (truth, predicted)]
    before, after = measure(truth, predicted), measure(*moved)
    assert {**before, "kappa": 0} == {**after, "kappa": 0}
    still = [t.assign(label=t.label.map(other)) for t in (truth, predicted)]
    assert before == pytest.approx(measure(*still), nan_ok=True)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(), tables(), distinct, distinct)
def test_annotators_and_seeds_give_the_mean_of_each(a, b, first, second):
    both = measure([a, b], [first, second])
    each = [measure(annotator, seed) for annotator in (a, b) for seed in (first, second)]
    for name, value in both.items():
        known = [one[name] for one in each if one[name] is not None]
        assert value == (pytest.approx(np.mean(known), abs=2e-6) if known else None)


def test_n_is_summed_over_annotators_and_averaged_over_seeds():
    truth = one((0, 4), (10, 14))
    metrics = score([truth, truth[:1]], [truth, truth[:1], truth[:0]], resamples=0)["metrics"]
    assert (metrics["f1_50"]["n"], metrics["precision_50"]["n"], metrics["kappa"]["n"]) == (3, 2, 280)
    assert metrics["recall_50"]["value"] == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6, abs=1e-6)
    assert metrics["precision_50"]["value"] == pytest.approx((1 + 1 + 0.5 + 1) / 4)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(size=30), tables(size=30))
def test_intervals_are_ordered_and_json_is_strict(truth, predicted):
    result = score(truth, predicted, durations=DURATIONS, resamples=60)
    json.dumps(result, allow_nan=False)
    for entries in (result["metrics"], *result["per_label"].values()):
        for name, entry in entries.items():
            low = -1 if name == "kappa" else 0
            if entry["low"] is not None:
                assert low <= entry["low"] <= entry["high"] <= 1
                assert entry["value"] is not None


def test_shape_of_the_result():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "happy", 20, 24, 1))
    predicted = events(("v", 0, "x", 0, 4, 1), ("w", 0, "a", 1, 4, 1))
    result = score([truth, truth[:1]], predicted, durations=DURATIONS, resamples=20)
    assert result["labels"] == ["happy", "a", "x"]
    assert (result["videos"], result["units"], result["n_truth"], result["n_predicted"]) == (2, 8, [2, 1], 2)
    assert result["metrics"]["f1_50"]["n"] == 3
    assert result["metrics"]["precision_50"]["n"] == 4
    assert result["metrics"]["kappa"]["n"] == 2 * 710
    assert result["metrics"]["spatial_iou"] == {"value": None, "low": None, "high": None, "n": 0}
    assert result["per_label"]["a"]["ap"]["value"] is None
    assert result["per_label"]["a"]["f1_50"] == {"value": 0.0, "low": None, "high": None, "n": 0}
    assert set(result["per_label"]["x"]) >= {"f1_30", "f1_50", "precision_30", "recall_50", "ap", "ap_70", "kappa"}
    text = format_report(result)
    assert "| f1_50" in text
    assert "true events 2, 1; predicted 2" in text
    assert "nan" not in text.lower()
    assert "None" not in text


def test_only_the_given_labels_are_judged():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 1, "y", 0, 4, 1))
    predicted = events(("v", 0, "x", 0, 4, 1), ("v", 0, "z", 0, 4, 1))
    result = score(truth, predicted, labels=["x"], durations=DURATIONS)
    assert values(result)["f1_50"] == values(result)["map"] == values(result)["kappa"] == 1
    assert (result["n_truth"], result["n_predicted"]) == ([1], 1)
    assert score(truth, predicted, labels=["q"])["per_label"]["q"]["f1_50"]["value"] is None


def test_nothing_at_all():
    result = score(empty_events(), empty_events())
    assert set(values(result).values()) == {None}
    assert values(score(empty_events(), empty_events(), durations=DURATIONS))["kappa"] is None
    assert format_report(result)
    assert values(score(one((0, 4)), empty_events()))["f1_50"] == 0
    assert values(score(empty_events(), one((0, 4))))["f1_50"] == 0


@pytest.mark.slow
def test_the_seed_decides_the_bytes():
    rng = np.random.default_rng(0)
    truth = one(*[(k * 5, k * 5 + 2) for k in range(40)])
    predicted = truth.assign(score=rng.random(40))[rng.random(40) < 0.6]
    first, again, other = (json.dumps(score(truth, predicted, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    entry = json.loads(first)["metrics"]["recall_50"]
    assert entry["low"] < entry["value"] < entry["high"]


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(tables(size=24), distinct, st.integers(0, 99))
def test_a_resample_is_the_score_of_the_drawn_videos(truth, predicted, seed):
    """With one resample both ends of the interval are its value."""
    drawn = bootstrap_weights(2, 1, seed)[:, 1].astype(int)
    resampled = score(truth, predicted, durations=DURATIONS, block_s=np.inf, resamples=1, seed=seed)

    def copies(table: pd.DataFrame) -> pd.DataFrame:
        parts = [table[table.video == video].assign(video=video + str(k)) for video, k in names]
        return pd.concat([table[:0], *parts])

    names = [(video, k) for video, n in zip("vw", drawn, strict=True) for k in range(n)]
    durations = {video + str(k): DURATIONS[video] for video, k in names}
    expected = measure(copies(truth), copies(predicted), durations=durations, labels=resampled["labels"])
    for name, entry in resampled["metrics"].items():
        if name.startswith("ar_"):  # how many proposals a video may have is fixed on all footage
            continue
        assert entry["low"] is None or entry["low"] == entry["high"] == pytest.approx(expected[name], abs=2e-6)


def test_an_event_counts_in_the_block_of_its_middle():
    for second, apart in (((5, 9), False), ((8, 13), True), ((2, 17.5), False), ((9, 11), True)):
        truth = one((0, 4), second)
        assert (score(truth, truth, durations=DURATIONS)["metrics"]["f1_50"]["low"] == 1) == apart


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"durations": {"w": 10.0}}, "truth: video 'v' has no duration; known are w"),
        ({"durations": {"v": 3.0}}, "predicted: video 'v': an event starts at 5.0 s, the video ends at 3.0 s"),
        ({"durations": {"v": 0.0}}, "video 'v'"),
        ({"labels": "x"}, "labels 'x'"),
        ({"labels": ["x", "x"]}, "labels"),
        ({"f1_tious": [2]}, "tIoU threshold 2"),
        ({"map_tious": []}, "tIoU"),
        ({"rate_hz": -1}, "rate_hz -1"),
        ({"block_s": 0}, "block_s 0"),
        ({"resamples": -1}, "resamples -1"),
    ],
)
def test_bad_settings_are_named(settings: dict, message: str):
    with pytest.raises(KinesicsError, match=message):
        score(one((0, 2)), one((5, 6)), **settings)


def test_bad_tables_are_named():
    with pytest.raises(KinesicsError, match="truth has no table"):
        score([], one((0, 2)))
    with pytest.raises(KinesicsError, match=r"truth 2: .*end_s"):
        score([one((0, 2)), one((0, 2)).assign(end_s=-1.0)], one((0, 2)))


def test_agreement_of_the_annotators_is_that_of_their_readme():
    """The figures are over nine clips, the first five among them, at 4 Hz."""
    stated = {
        "hand_gesture": (1.00, 1.00),
        "hand_to_face": (1.00, 1.00),
        "sad": (0.96, 1.00),
        "happy": (0.94, 0.90),
        "surprise": (0.94, 0.95),
        "posture_shift": (0.93, 0.92),
        "other_face": (0.88, 0.92),
        "fear": (0.83, 1.00),
        "speaking": (0.82, 0.82),
        "head_tilt": (0.79, 0.86),
        "head_turn": (0.72, 0.73),
    }
    annotators = [pd.read_csv(ANNOTATIONS / f"coder_{name}.csv") for name in "ab"]
    annotators = [table.rename(columns={"clip": "video", "confidence": "score"}) for table in annotators]
    first = {"franck", "cap12_edit", "WolfgangLanger_Pexels", "single_face", "obama_speech"}
    annotators = [table[table["video"].isin(first)] for table in annotators]
    labels = score(annotators[0], annotators[1], rate_hz=4.0, resamples=0)["per_label"]
    for label, (kappa, f1) in stated.items():
        assert labels[label]["kappa"]["value"] == pytest.approx(kappa, abs=0.1)
        assert labels[label]["f1_50"]["value"] == pytest.approx(f1, abs=0.1)


def test_persons_can_be_ignored():
    truth, other = events(("v", 0, "x", 0, 4, 1)), events(("v", 3, "x", 0, 4, 1))
    metrics = values(score(truth, other, durations=DURATIONS, match_person=False))
    assert metrics["f1_50"] == metrics["map"] == metrics["kappa"] == 1
    assert values(score(truth, other, durations=DURATIONS))["f1_50"] == 0


@pytest.mark.slow
def test_times_far_from_each_other_take_no_more_time_and_memory():
    """Two events at 500,000 s, as of a table in milliseconds: most blocks of the bootstrap hold nothing."""
    truth, predicted = (
        one((500_000, 502_000), (510_000, 512_000)),
        one((500_100, 502_000, 0.9), (510_000, 513_000, 0.8)),
    )
    tracemalloc.start()
    far = score(truth, predicted)
    compare(truth, predicted, truth, permutations=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    assert far["units"] == 51_300
    near = score(*(t.assign(start_s=t["start_s"] - 49e4, end_s=t["end_s"] - 49e4) for t in (truth, predicted)))
    for name, entry in far["metrics"].items():
        if name != "kappa":  # it counts the frames before the events, too
            assert entry["value"] == near["metrics"][name]["value"]
    assert far["metrics"]["kappa"]["value"] == pytest.approx(
        cohen_kappa([[5_130_000 - 51_000, 10_000], [1000, 39_000]]).item(), abs=1e-6
    )
    assert far["metrics"]["f1_50"]["low"] == 1
    assert far["metrics"]["map"]["low"] == near["metrics"]["map"]["low"]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 200), st.integers(1, 400), st.integers(0, 99))
def test_distinct_columns_are_those_of_numpy(n_units, n_columns, seed):
    weights = np.random.default_rng(seed).poisson(0.3, (n_units, n_columns)).astype(float)
    expected, where = np.unique(weights, axis=1, return_inverse=True)
    columns, place = distinct_columns(weights)
    assert np.array_equal(columns, expected)
    assert (place == where).all()
