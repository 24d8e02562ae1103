"""A whole study: score, compare, score_files, to_text."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ROOT
from support.event_tables import distinct, events, one, tables

from kinesics.errors import KinesicsError
from kinesics.metrics.agreement import frame_kappa
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.bootstrap import bootstrap_weights
from kinesics.metrics.comparison import compare
from kinesics.metrics.matching import event_counts, f1_score
from kinesics.metrics.report import format_report
from kinesics.metrics.score_files import score_files
from kinesics.metrics.scoring import score
from kinesics.structures.events import BOX, empty_events, write_events_csv

CODERS = ROOT / "annotations"
DURATIONS = {"v": 31.0, "w": 40.0}
quick = settings(max_examples=10, deadline=None, derandomize=True)


def values(result: dict) -> dict[str, float | None]:
    return {name: entry["value"] for name, entry in result["metrics"].items()}


def measure(truth, predicted, **more) -> dict[str, float | None]:
    return values(score(truth, predicted, **({"durations": DURATIONS, "resamples": 0} | more)))


@pytest.mark.slow
@quick
@given(tables(), tables())
def test_score_equals_the_functions_it_is_made_of(truth, predicted):
    found = measure(truth, predicted)
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
            "kappa": frame_kappa(truth, predicted, DURATIONS).mean(),
        }
        for key, value in expected.items():
            assert found[key] == pytest.approx(value, abs=1e-6) if np.isfinite(value) else found[key] is None


@pytest.mark.slow
@quick
@given(tables().filter(len))
def test_a_perfect_prediction_scores_one(truth):
    truth = truth.drop_duplicates(["video", "person", "label"]).assign(x0=0.1, y0=0.1, x1=0.4, y1=0.4)
    found = measure(truth, truth)
    # Scores are not all 1, and AR also asks for few proposals.
    assert {value for name, value in found.items() if not name.startswith(("ece", "ccc", "ar_"))} == {1.0}


@pytest.mark.slow
@quick
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
@quick
@given(tables(), tables())
def test_f1_and_kappa_are_symmetric(a, b):
    there, back = measure(a, b), measure(b, a)
    assert there["precision_30"] == back["recall_30"]
    for name in ("f1_30", "f1_50", "f1_macro_30", "f1_macro_50", "kappa"):
        assert there[name] == back[name]


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from("vw"), st.sampled_from("xyz"), st.floats(0, 1))
def test_a_false_alarm_never_helps(truth, predicted, video, label, confidence):
    alarm = events((video, 0, label, 30.0, 31.0, confidence))
    truth = truth[truth.end_s <= 30]
    before, after = measure(truth, predicted), measure(truth, pd.concat([predicted, alarm]))
    for name in ("precision_30", "precision_50", "f1_30", "f1_50", "map", "recall_30"):
        assert (after[name] or 0) <= (before[name] if before[name] is not None else 1)


@pytest.mark.slow
@quick
@given(tables(), tables())
def test_names_and_time_shifts_do_not_matter(truth, predicted):
    other = {"x": "speaking", "y": "c", "z": "a"}
    moved = [t.assign(label=t.label.map(other), start_s=t.start_s + 8, end_s=t.end_s + 8) for t in (truth, predicted)]
    before, after = measure(truth, predicted), measure(*moved)
    assert {**before, "kappa": 0} == {**after, "kappa": 0}
    still = [t.assign(label=t.label.map(other)) for t in (truth, predicted)]
    assert before == pytest.approx(measure(*still), nan_ok=True)


@pytest.mark.slow
@quick
@given(tables(), tables(), distinct, distinct)
def test_coders_and_seeds_give_the_mean_of_each(a, b, first, second):
    both = measure([a, b], [first, second])
    each = [measure(coder, seed) for coder in (a, b) for seed in (first, second)]
    for name, value in both.items():
        known = [one[name] for one in each if one[name] is not None]
        assert value == (pytest.approx(np.mean(known), abs=2e-6) if known else None)


def test_n_is_summed_over_coders_and_averaged_over_seeds():
    truth = one((0, 4), (10, 14))
    metrics = score([truth, truth[:1]], [truth, truth[:1], truth[:0]], resamples=0)["metrics"]
    assert (metrics["f1_50"]["n"], metrics["precision_50"]["n"], metrics["kappa"]["n"]) == (3, 2, 280)
    assert metrics["recall_50"]["value"] == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6, abs=1e-6)
    assert metrics["precision_50"]["value"] == pytest.approx((1 + 1 + 0.5 + 1) / 4)


@pytest.mark.slow
@quick
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
@quick
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


@pytest.mark.slow
def test_files_folders_and_lists(tmp_path: Path):
    truth = events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1))
    for video in "vw":
        write_events_csv(truth[truth.video == video], tmp_path / "folder" / f"{video}.csv")
    write_events_csv(truth, tmp_path / "all.csv")
    write_events_csv(empty_events(), tmp_path / "none.csv")
    parts = [tmp_path / "folder/v.csv", tmp_path / "folder/w.csv"]
    results = [
        score_files([tmp_path / "all.csv"], tmp_path / "folder"),
        score_files([parts], [tmp_path / "all.csv", tmp_path / "none.csv"]),
        score_files(str(tmp_path / "folder"), parts),
    ]
    assert results[0] == results[1] == results[2]
    assert values(results[0])["f1_50"] == 1
    assert score_files([tmp_path / "all.csv", tmp_path / "none.csv"], parts)["n_truth"] == [2, 0]
    with pytest.raises(KinesicsError, match=r"'v' is in both .*v.csv and .*all.csv"):
        score_files([tmp_path / "all.csv"], [*parts, tmp_path / "all.csv"])
    with pytest.raises(KinesicsError, match="the truth has v; the prediction has w"):
        score_files([parts[0]], parts[1])
    assert values(score_files([parts[0]], parts[1], durations=DURATIONS))["f1_50"] == 0
    with pytest.raises(KinesicsError, match=r"label 'hapy' is in no table; the labels are .*happy"):
        score_files([parts[0]], parts[0], labels=["hapy"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(KinesicsError, match=r"no events CSV in .*empty"):
        score_files([tmp_path / "all.csv"], tmp_path / "empty")
    with pytest.raises(KinesicsError, match=r"absent.csv: no such file"):
        score_files([tmp_path / "absent.csv"], parts)
    with pytest.raises(KinesicsError, match="have no event: there is nothing to score"):
        score_files([tmp_path / "none.csv"], tmp_path / "none.csv")
    (tmp_path / "folder" / "v.actions.csv").write_text("what the stage writes beside its events\n")
    assert score_files(str(tmp_path / "folder"), parts) == results[2]


@pytest.mark.slow
def test_what_only_one_side_knows_is_told(tmp_path: Path):
    write_events_csv(events(("v", 0, "x", 0, 4, 1), ("w", 0, "x", 0, 4, 1)), tmp_path / "truth.csv")
    predicted = [("v", 0, "X", 0, 4, 1), ("v", 0, "x", 0, 4, 7), ("u", 0, "x", 0, 4, 1), ("u", 0, "x", 5, 8, 1)]
    write_events_csv(events(*predicted), tmp_path / "found.csv")
    result = score_files([tmp_path / "truth.csv"], tmp_path / "found.csv")
    assert result["notes"] == [
        "1 video only in the prediction; its events of them, 2, count as false: u",
        "1 label only in the prediction; its events of them, 1, count as false: X",
        "1 video without an event of the prediction: w",
        "scores of the prediction lie outside 0 to 1: they rank, but have no calibration error",
        "3 units: few, so that intervals are too narrow",
    ]
    assert "\nnote: 1 video only in the prediction" in format_report(result)
    assert len(score_files([tmp_path / "truth.csv"], tmp_path / "found.csv", labels=["x"])["notes"]) == 4
    many = events(*((f"v{k}", k % 2, "x", 0, 4, 1) for k in range(10)))
    write_events_csv(many, tmp_path / "many.csv")
    assert score_files([tmp_path / "many.csv"], tmp_path / "many.csv")["notes"] == []
    write_events_csv(many.assign(video="v", start_s=range(0, 100, 10), end_s=range(5, 105, 10)), tmp_path / "two.csv")
    assert score_files([tmp_path / "two.csv"], tmp_path / "two.csv")["notes"] == [
        "several people: the number of a person must be the same in truth and prediction; else --persons-by-boxes or "
        "--ignore-person"
    ]


def test_persons_are_told_by_their_boxes(tmp_path: Path):
    """Left is 0 and right is 3 in the truth; the tracker calls the right one 0 and the left one 1, and sees a poster as 2."""
    left, right, above = (0.1, 0.2, 0.4, 0.9), (0.6, 0.2, 0.9, 0.9), (0.4, 0.0, 0.5, 0.1)

    def boxed(*rows: tuple) -> pd.DataFrame:  # in the order of an events table
        table = events(*(row[:-1] for row in rows))
        return table.assign(**dict(zip(BOX, zip(*(row[-1] for row in rows), strict=True), strict=True)))

    truth = boxed(("v", 0, "x", 0, 4, 1, left), ("v", 3, "x", 2, 6, 1, right), ("w", 0, "x", 0, 4, 1, right))
    found = [("v", 1, "x", 0, 4, 1, left), ("v", 2, "x", 0, 4, 1, above), ("v", 0, "x", 2, 6, 1, right)]
    write_events_csv(truth, tmp_path / "truth.csv")
    write_events_csv(boxed(*found, ("w", 5, "x", 0, 4, 1, right)), tmp_path / "found.csv")
    given = [tmp_path / "truth.csv"], tmp_path / "found.csv"
    assert score_files(*given)["metrics"]["precision_50"]["value"] == 0
    result = score_files(*given, other=tmp_path / "found.csv", persons_by_boxes=True)
    assert result["metrics"]["recall_50"]["value"] == 1
    assert result["metrics"]["precision_50"]["value"] == 0.75
    assert result["compare"]["metrics"]["f1_50"]["value"] == 0
    assert result["notes"][:2] == [
        "persons by their boxes: 3 of 4 persons of the prediction found in the truth; "
        "1 matched to nobody (0 without a box) count as other people",
        "persons by their boxes: 3 of 4 persons of the other detector found in the truth; "
        "1 matched to nobody (0 without a box) count as other people",
    ]
    write_events_csv(truth.assign(**dict.fromkeys(BOX, np.nan)), tmp_path / "plain.csv")
    with pytest.raises(KinesicsError, match="the truth has no boxes"):
        score_files([tmp_path / "plain.csv"], given[1], persons_by_boxes=True)
    write_events_csv(truth.assign(end_s=9e5), tmp_path / "long.csv")
    result = score_files([tmp_path / "long.csv"], given[1], persons_by_boxes=True)  # events of days take no memory
    assert result["notes"][0].startswith("persons by their boxes: 3 of 4 persons of the prediction")


def test_agreement_of_the_coders_is_what_their_readme_says():
    """The README's figures are over nine clips, these five among them, at 4 Hz."""
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
    coders = [pd.read_csv(CODERS / f"coder_{name}.csv") for name in "ab"]
    coders = [table.rename(columns={"clip": "video", "confidence": "score"}) for table in coders]
    found = score(coders[0], coders[1], rate_hz=4.0, resamples=0)["per_label"]
    for label, (kappa, f1) in stated.items():
        assert found[label]["kappa"]["value"] == pytest.approx(kappa, abs=0.1)
        assert found[label]["f1_50"]["value"] == pytest.approx(f1, abs=0.1)


def test_without_the_person_nothing_asks_for_the_person():
    truth, other = events(("v", 0, "x", 0, 4, 1)), events(("v", 3, "x", 0, 4, 1))
    found = values(score(truth, other, durations=DURATIONS, match_person=False))
    assert found["f1_50"] == found["map"] == found["kappa"] == 1
    assert values(score(truth, other, durations=DURATIONS))["f1_50"] == 0
