"""The proposal's studies, and what the article makes of them."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from support import ROOT
from support.toy import toy_recording, untrained

from kinesics.detectors import budgeted
from kinesics.detectors.registry import DETECTORS, find_detector
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold
from kinesics.io.files import write_json
from kinesics.metrics.scoring import score
from kinesics.signals.recording import read_recordings
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.structures.features import write_features
from kinesics_paper import compute_plan
from kinesics_paper.article.figures import proposal
from kinesics_paper.article.numbers.studies import proposal_numbers
from kinesics_paper.article.tables.results import ablation
from kinesics_paper.studies.proposal_studies import StudyData, budget_curve, learning_curve


def events(*rows: tuple[float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["start_s", "end_s", "score"])
    named = table.assign(video="v", person=0, label="happy", family="emotion")
    return named.assign(**dict.fromkeys(["x0", "y0", "x1", "y1"], np.nan))


def test_a_threshold_takes_decisions_and_leaves_the_ranking():
    truth = events((0, 2, 1), (5, 7, 1), (10, 12, 1))
    found = events((0, 2, 0.9), (5, 7, 0.2), (20, 22, 0.1))
    every = score(truth, found, resamples=0)["metrics"]
    few = score(truth, found[:1], resamples=0, durations={"v": 22})["metrics"]
    both = score(truth, found, thresholds={"predicted": [0.5]}, resamples=0)["metrics"]
    for key, entry in both.items():
        ranks = key.startswith(("map", "ar_", "ece", "ccc"))
        assert entry == (every if ranks else few)[key], key
    assert both["map_50"]["value"] == pytest.approx(2 / 3)
    assert both["f1_50"]["value"] == pytest.approx(2 * 1 / (1 + 3))
    assert score(truth, found, thresholds=0.5, resamples=0)["metrics"] == both
    with pytest.raises(KinesicsError, match=r"thresholds '0\.5': neither a number nor"):
        score(truth, found, thresholds="0.5", resamples=0)
    with pytest.raises(KinesicsError, match="predicted has 1 tables but 2 thresholds"):
        score(truth, found, thresholds={"predicted": [0.5, 0.5]}, resamples=0)
    with pytest.raises(KinesicsError, match="threshold nan of predicted is not a number"):
        score(truth, found, thresholds={"predicted": [np.nan]}, resamples=0)
    with pytest.raises(KinesicsError, match="thresholds of 'predictd', but the predictions are predicted"):
        score(truth, found, thresholds={"predictd": [0.5]}, resamples=0)


@pytest.fixture(scope="module")
def curve(tmp_path_factory):
    """Return the budget curve of an untrained model on a toy, and the folder of its files."""
    folder = tmp_path_factory.mktemp("budget")
    clip, truth = toy_recording(folder, "v", 0, 20)
    write_events_csv(truth, folder / "truth.csv")
    features = []
    for encoder, of in clip.features.items():
        (folder / encoder).mkdir()
        features.append(folder / encoder / "v.safetensors")
        write_features(of, features[-1])
    model = untrained(budgeted.MODEL, [clip], truth) | {"threshold": np.array([0.1])}
    save_file(dict(sorted(model.items())), folder / "model.safetensors", {"detector": "kinesics.detectors.budgeted"})
    assert decision_threshold(folder / "model.safetensors") == 0.1
    data = StudyData(
        test=[folder / "v.parquet"],
        features=features,
        truth=folder / "truth.csv",
        models=[folder / "model.safetensors"],
    )
    settings = {"resamples": 10, "seed": 0}
    found = budget_curve(data, settings=settings, shares=(0.0, 0.25, 1.0), policies=("uniform", "uncertain"))
    write_json(folder / "budget.json", found)
    return json.loads((folder / "budget.json").read_text()), folder


def test_a_budget_keeps_its_share_of_queries(curve):
    found, _ = curve
    uniform, uncertain = found["curve"]["uniform"], found["curve"]["uncertain"]
    assert [row["calls"] for row in uniform] == [row["calls"] for row in uncertain] == [0, 20, 80]
    assert {row["of"] for row in uniform} == {80}
    assert uniform[0] == uncertain[0]
    assert uniform[2] == uncertain[2]
    assert [row["share"] for row in found["against_uniform"]] == [0.25]
    difference = uncertain[1]["metrics"]["map"]["value"] - uniform[1]["metrics"]["map"]["value"]
    assert found["against_uniform"][0]["metrics"]["map"]["value"] == pytest.approx(difference, abs=2e-6)


def test_the_article_has_the_numbers_of_the_studies(curve, tmp_path):
    found, folder = curve
    proposal.budget(folder / "budget.json", tmp_path / "budget.pdf")
    proposal.architecture(tmp_path / "architecture.pdf")
    assert all((tmp_path / name).read_bytes()[:4] == b"%PDF" for name in ("budget.pdf", "architecture.pdf"))
    entry = {"value": 0.4, "low": 0.3, "high": 0.5, "n": 9}
    change = {"value": -0.1, "low": -0.2, "high": -0.05, "n": 9, "p_holm": 0.01}
    for variant, more in {"whole": {}, "one_scale": {"difference": {"map": change}}}.items():
        one = {"variant": variant, "metrics": {"map": entry, "f1_50": entry}, "ece": {"before": 0.2, "after": 0.0625}}
        write_json(tmp_path / f"{variant}.json", one | more)
    paths = [tmp_path / "whole.json", tmp_path / "one_scale.json"]
    ablation(paths, tmp_path / "ablation.tex")
    lines = (tmp_path / "ablation.tex").read_text().splitlines()
    assert lines[4] == r"whole & 0.40 [0.30, 0.50] & 0.40 [0.30, 0.50] &  & 0.200 & 0.062 \\"
    assert r"\ensuremath{-}0.10 [\ensuremath{-}0.20, \ensuremath{-}0.05]" in lines[6]
    weak, even = change, change | {"high": 0.05}
    write_json(tmp_path / "stage.json", {"tests": {"map": {"linear": weak, "rules": even}}})
    amounts = []
    for videos, seconds in ((8, 208.0), (1, 26.0)):
        reached = {"map": entry | {"value": videos / 10}, "f1_50": entry | {"value": videos / 20}}
        amounts.append(tmp_path / f"{videos}.json")
        write_json(
            amounts[-1], {"videos": videos, "seconds": seconds} | dict.fromkeys(("training", "test", "clips"), reached)
        )
    proposal.learning_curve(amounts, tmp_path / "learning_curve.pdf")
    assert (tmp_path / "learning_curve.pdf").read_bytes()[:4] == b"%PDF"
    numbers = proposal_numbers(folder / "budget.json", paths, amounts, tmp_path / "stage.json")
    assert [numbers[f"learning.{which}.test"] for which in ("least", "fewer", "all")] == [0.1, 0.1, 0.8]
    assert (numbers["learning.all.clips"], numbers["learning.all.clips.low"]) == (0.4, 0.3)
    assert (numbers["learning.least.seconds"], numbers["learning.all.seconds"]) == ("26", "208")
    assert numbers["budget.met"] == "missed"  # no share of the toy's lies between none and 15 %
    reached = json.loads((folder / "budget.json").read_text())
    for share, kept, met in ((0.1, 0.95, "met"), (0.1, 0.94, "missed"), (0.2, 1.0, "missed")):
        reached["curve"]["uncertain"][1] |= {"share": share, "kept": kept}
        write_json(tmp_path / "reached.json", reached)
        assert proposal_numbers(tmp_path / "reached.json", paths, amounts, tmp_path / "stage.json")["budget.met"] == met
    assert (numbers["gain.linear"], numbers["gain.linear.low"], numbers["gain.linear.high"]) == (0.1, 0.05, 0.2)
    assert (numbers["gain.count"], numbers["gain.surpassed"]) == (2, 1)
    assert numbers["ablation.one_scale"] == -0.1
    assert numbers["budget.calls"] == 80
    assert numbers["budget.uncertain.25"] == found["curve"]["uncertain"][1]["metrics"]["map"]["value"]


def test_the_learning_curve_scores_training_videos_test_videos_and_clips(curve, tmp_path):
    _, folder = curve
    features = sorted(folder.glob("*/v.safetensors"))
    tracks, truth, model = folder / "v.parquet", folder / "truth.csv", tmp_path / "m.safetensors"
    clip, true = read_recordings([tracks], features)[0], read_events_csv(truth)
    learned = untrained(budgeted.MODEL, [clip], true, noise=0.5) | {"threshold": np.array([0.2])}
    save_file(dict(sorted(learned.items())), model, {"detector": "kinesics.detectors.budgeted"})
    parts = {name: [tracks] for name in ("train", "val", "test", "clips")}
    data = StudyData(
        **parts,
        features=features,
        training_truth=truth,
        truth=truth,
        annotators=[truth, truth],
        models=[model],
    )
    found = learning_curve(data, seeds=[0], settings={"resamples": 10, "seed": 0, "block_s": 5})
    assert (found["videos"], found["seconds"]) == (1, 20)
    assert found["training"] == found["test"]
    # The clips are scored by the decisions alone, the mAP on synthetic data by all candidates.
    events, _ = budgeted.DETECTOR.detect(clip, model)
    sure = events[events["score"] >= decision_threshold(model)]
    expected = score([true, true], sure, durations={"v": 20}, labels=sorted(set(true["label"])), resamples=0, block_s=5)
    assert 0 < len(sure) < len(events)
    assert found["clips"]["f1_50"]["value"] == expected["metrics"]["f1_50"]["value"]
    assert found["clips"]["map"]["value"] == expected["metrics"]["map"]["value"]
    assert found["test"]["map"]["value"] == score(true, events, resamples=0)["metrics"]["map"]["value"]


def test_every_detector_trains_with_the_best_settings_of_the_search():
    rows = pd.read_csv(ROOT / "benchmarks/search.csv")
    stage = compute_plan.read_config("embedded")["synthetic"]["detectors"]
    learned = [name for name in stage if DETECTORS[name]["learns"] == "synthetic"]
    assert set(rows["detector"]) == {*learned}
    assert rows.groupby("detector").size().nunique() == 1  # the same search for all
    best = rows.loc[rows.groupby("detector")["map"].idxmax()].set_index("detector")
    for name in learned:
        method, row = find_detector(name).model, best.loc[name]
        assert (method.decay, method.steps) == (row["decay"], row["steps"]), name
