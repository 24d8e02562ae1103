"""Error diagnosis, the study of the stage, and its figures."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.event_tables import events, one, tables

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.comparison import score_subsets
from kinesics.metrics.diagnosis import BUCKETS, PLACES, TYPES, characteristics, diagnose, error_types, places
from kinesics.metrics.matching import match_ranked, sorted_events
from kinesics.structures.events import TUBE_COLUMNS, write_events_csv, write_tubes
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.article.figures.results import diagnosis as draw_diagnosis
from kinesics_paper.article.figures.results import perturbations as draw_perturbations
from kinesics_paper.studies.detector_comparison import SyntheticFiles, score_synthetic

RATE = 10.0


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


def test_the_own_label_goes_first_unless_labels_exclude_each_other():
    truth = events(("v", 0, "x", 0, 10, 1), ("v", 0, "y", 5, 15, 1))
    predicted = events(("v", 0, "x", 6, 14, 1))
    assert TYPES[error_types(truth, predicted)[0]] == "localisation"
    assert TYPES[error_types(truth, predicted, exclusive=True)[0]] == "wrong label"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(tables(), tables(), st.sampled_from([0.3, 0.5]))
def test_exclusive_types_are_those_of_detad(truth, predicted, tiou):
    truth, predicted = sorted_events(truth), sorted_events(predicted)
    found = match_ranked(truth, predicted, (tiou,), False)[0]
    expected = []
    for event, match in zip(predicted.itertuples(), found, strict=True):
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
    found = characteristics(truth, {"v": 100.0, "w": 100.0})
    assert found["length"].tolist() == ["XS", "M", "XS", "XL"]
    assert found["coverage"].tolist() == ["XS", "S", "XS", "XL"]
    assert found["instances"].tolist() == ["S", "S", "XS", "XS"]
    assert found["context"].tolist() == ["few", "few", "few", "none"]
    assert list(found) == list(BUCKETS)


def test_diagnosis_by_hand():
    truth = one((0, 4), (10, 14))
    predicted = one((30, 34, 0.9), (0, 4, 0.8), (0, 4, 0.7), (10, 14, 0.6), (50, 54, 0.5))
    found = diagnose(truth, predicted, durations={"v": 100.0})
    counts = dict.fromkeys(TYPES, 0.0) | {"true positive": 2.0, "double detection": 1.0, "background": 2.0}
    assert found["types"] == counts
    # The first two predictions, then the next two, then the last, in shares of the two true events.
    assert [row["background"] for row in found["profile"][:4]] == [0.5, 0, 0.5, 0]
    assert sum(found["profile"][0].values()) == 1
    assert found["map"] == pytest.approx(0.5 * 0.5 + 0.5 * 0.5)
    assert found["impact"]["background"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3 - 0.5, abs=1e-6)
    assert found["impact"]["double detection"] == pytest.approx(2 / 3 - 0.5, abs=1e-6)
    assert found["impact"]["confusion"] == 0
    assert found["missed"] == 0
    assert found["ap_n"] == found["map"]
    assert found["sensitivity"]["length"]["M"] == {"n": 2, "missed": 0, "ap_n": 0.5}
    assert found["sensitivity"]["length"]["XL"] == {"n": 0, "missed": None, "ap_n": None}
    assert diagnose(truth, predicted[:0])["missed"] == 1
    assert diagnose(truth[:0], predicted)["map"] is None


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables().filter(len), tables())
def test_diagnosis_adds_up(truth, predicted):
    found = diagnose(truth, predicted, durations={"v": 31.0, "w": 31.0})
    assert found["map"] == pytest.approx(average_precision(truth, predicted)[0.5].mean(), abs=1e-6)
    assert all(gain >= 0 for gain in found["impact"].values())
    assert found["types"]["true positive"] == pytest.approx((1 - found["missed"]) * len(truth), abs=1e-3)
    totals = np.sum([list(row.values()) for row in found["profile"]], 0) * len(truth)
    assert totals == pytest.approx(list(found["types"].values()), abs=1e-3)
    for buckets in found["sensitivity"].values():
        assert sum(entry["n"] for entry in buckets.values()) == len(truth)
        missed = sum(entry["n"] * (entry["missed"] or 0) for entry in buckets.values())
        assert missed == pytest.approx(found["missed"] * len(truth), abs=1e-3)


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


# The study of the stage, on made-up tables


def make(folder: Path, rng: np.random.Generator) -> dict:
    """Write a data set of 4 test videos and 2 scripts under 2 perturbations, and the events of two detectors."""
    rows = [(f"stage_test_{k}", "test", "", 0, k) for k in range(4)]
    variants = [("", 0), ("light", 1), ("light", 3), ("shake", 3)]
    rows += [
        (f"stage_{perturbation}{severity}_{k}", "perturbed", perturbation, severity, k)
        for k in range(2)
        for perturbation, severity in variants
    ]
    pd.DataFrame(rows, columns=["video", "split", "perturbation", "severity", "script"]).to_csv(
        folder / "videos.csv", index=False
    )
    boxes = np.array([[0.55, 0.1, 0.75, 0.5], [0.1, 0.1, 0.3, 0.5]])  # the true 0 stands to the right
    paths: dict = {"truth": {}, "truth_tubes": {}, "tracks": {}, "events": {}, "tubes": {}}

    def write(table: pd.DataFrame, video: str, kind: str, of_person: np.ndarray) -> tuple[str, str]:
        table = table.sort_values(["video", "start_s", "end_s", "person", "label", "score"], ignore_index=True)
        tubes = [
            (n, k / RATE, *of_person[e.person])
            for n, e in enumerate(table.itertuples())
            for k in range(round(e.start_s * RATE), round(e.end_s * RATE))
        ]
        csv, parquet = folder / kind / f"{video}.csv", folder / kind / f"{video}.tubes.parquet"
        write_events_csv(table, csv)
        write_tubes(pd.DataFrame(tubes, columns=TUBE_COLUMNS), parquet)
        return str(csv), str(parquet)

    for video, split, perturbation, severity, script in rows:
        drawn = np.random.default_rng([script, split == "perturbed"])
        start = np.arange(2, 56, 6) + drawn.integers(0, 20, 9) / 10
        truth = pd.DataFrame({"video": video, "person": drawn.integers(0, 2, 9), "start_s": start})
        truth["label"] = drawn.choice(["happy", "head_turn", "hand_gesture"], 9)
        truth["end_s"], truth["score"] = start + drawn.choice([0.7, 1.5, 3.0], 9), 1.0
        paths["truth"][video], paths["truth_tubes"][video] = write(truth, video, "truth", boxes)
        path = folder / "tracks" / f"{video}.parquet"
        with TracksWriter(path, video, RATE, 320, 240) as writer:
            for k, person in itertools.product(range(0, 600, 3), (0, 1)):  # the tracker's 1 is the true 0
                box = dict(zip(["x0", "y0", "x1", "y1"], boxes[1 - person], strict=True))
                row = {f"{part}_{side}": value for part in ("face", "person") for side, value in box.items()}
                writer.add({"frame": k, "time_s": k / RATE, "person": person} | row)
            writer.close(60.0)
        paths["tracks"][video] = str(path)
        for detector, seeds, skill in (("rules", [0], 0.8), ("chance", [0, 1], 0.2)):
            for seed in seeds:
                right = rng.random(9) < skill - 0.25 * severity * (perturbation == "light")
                found = truth.assign(person=1 - truth["person"], score=rng.uniform(0.4, 1, 9))
                found["start_s"] += np.where(right, rng.choice([0, 0.1, 0.2], 9), 2.0)
                found["end_s"] += np.where(right, 0.1, 2.0)
                csv, parquet = write(found, video, f"{detector}/{seed}", boxes[::-1])
                paths["events"].setdefault(detector, {}).setdefault(seed, {})[video] = csv
                paths["tubes"].setdefault(detector, {}).setdefault(seed, {})[video] = parquet
    return paths


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Return the folder of a made-up data set, with its scores in stage.json."""
    folder = tmp_path_factory.mktemp("stage")
    paths = make(folder, np.random.default_rng(0))
    settings_ = {"resamples": 60, "seed": 0, "permutations": 16}
    scores = score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_)
    write_json(folder / "stage.json", scores)
    with pytest.raises(KinesicsError, match="reference 'magic' is not one of the detectors rules, chance"):
        score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_, reference="magic")
    paths["tracks"].pop("stage_test_0")
    with pytest.raises(KinesicsError, match="video 'stage_test_0' has no file of tracks"):
        score_synthetic(folder / "videos.csv", SyntheticFiles(**paths), settings=settings_)
    return folder


@pytest.mark.slow
def test_the_study_of_the_stage(study):
    found = json.loads((study / "stage.json").read_text())
    assert found["videos"] == {"test": 4, "perturbed": 8}
    rules, chance = found["detectors"]["rules"], found["detectors"]["chance"]
    assert rules["test"]["metrics"]["f1_50"]["value"] > 0.6 > chance["test"]["metrics"]["f1_50"]["value"]
    assert rules["test"]["metrics"]["tube_map_50"]["value"] > 0.5
    assert rules["diagnosis"]["places"]["wrong person"] == 0
    perturbation = rules["perturbations"]["light"]
    assert list(perturbation) == ["0", "1", "3"]
    assert perturbation["3"]["difference"]["f1_50"]["high"] < 0
    assert perturbation["3"]["difference"]["f1_50"]["value"] == pytest.approx(
        perturbation["3"]["f1_50"]["value"] - perturbation["0"]["f1_50"]["value"], abs=2e-6
    )
    test = found["tests"]["f1_50"]["chance"]
    assert test["value"] < 0
    assert test["p"] == test["p_holm"] == 2 / 16  # of all 16 swaps only none and all differ as much


def test_the_figures_of_the_stage(study):
    for draw, name in ((draw_diagnosis, "diagnosis"), (draw_perturbations, "perturbations")):
        sizes = []
        for number in range(2):
            draw(study / "stage.json", ["rules", "chance"], study / f"{name}_{number}.pdf")
            sizes.append((study / f"{name}_{number}.pdf").read_bytes())
        assert sizes[0] == sizes[1]
        assert len(sizes[0]) > 5000
