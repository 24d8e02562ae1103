"""The study of who speaks: areas under curves, and people left out."""

import numpy as np
import pandas as pd
import pytest

from kinesics_paper.studies import speaking
from kinesics_paper.studies.speaking import area_under_curve


def test_area_under_curve():
    truth = np.repeat([False, True], 10)
    assert area_under_curve(truth, np.arange(20.0)) == 1
    assert area_under_curve(truth, -np.arange(20.0)) == 0
    assert area_under_curve(truth, np.ones(20)) == 0.5
    assert area_under_curve(truth[[0, 10] * 10], np.tile([1.0, 0.0], 10)) == 0
    assert np.isnan(area_under_curve(truth[:14], np.arange(14.0))), "four frames of speaking"


@pytest.fixture
def scores(monkeypatch):
    """Return the scores of three people, of whom the last moves the lips the other way round."""
    rng = np.random.default_rng(0)

    class People:
        frames, rate_hz = 100, 10.0

        def __init__(self, video):
            self.video = video

    truth = {video: np.repeat([False, True, False, True], 25) for video in "abc"}
    lips = {video: (1 if video != "c" else -1) * (2.0 * truth[video] - 1) + rng.normal(0, 0.1, 100) for video in "abc"}
    events = pd.DataFrame(
        [
            {"video": video, "person": 0, "label": "speaking", "start_s": start, "end_s": start + 2.5}
            for video in "abc"
            for start in (2.5, 7.5)
        ]
    )
    inputs = {video: {0: np.stack([lips[video], np.full(100, np.nan), np.full(100, np.nan)], 1)} for video in "abc"}
    inputs["a"][0][:, 1:] = 0.5
    monkeypatch.setattr(speaking, "read_people", lambda: pd.DataFrame({"clip": [*"abc"], "person_id": [*"abc"]}))
    monkeypatch.setattr(speaking, "read_annotations", lambda name: events)
    monkeypatch.setattr(speaking, "read_tracks", People)
    monkeypatch.setattr(speaking, "read_features", People)
    monkeypatch.setattr(speaking, "number_as_tracked", lambda codings, of: [c[c["video"] == of.video] for c in codings])
    monkeypatch.setattr(speaking, "speaking_inputs", lambda of, sound: inputs[of.video])
    monkeypatch.setattr(speaking, "MODELS", {"mouth alone": [0]})
    return speaking.speaking_accuracy([*"abc"], ["a"], ["first", "second"])["mouth alone"]


def test_each_person_is_scored_by_the_others(scores):
    assert scores["clips"]["c"]["0"]["auc"] == 0, "fitted on a and b"
    assert scores["clips"]["c"]["0"]["f1"] == 0
    assert scores["clips"]["c"]["0"]["share"] == 0.5
    assert scores["mean auc"] == pytest.approx(np.mean([e["0"]["auc"] for e in scores["clips"].values()]), abs=1e-6)


def test_weights_are_those_of_all(scores):
    assert scores["weights"][1] > 0, "two of three move the lips as they speak"
