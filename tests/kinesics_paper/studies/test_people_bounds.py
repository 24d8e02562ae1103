"""Ablations replace one part and put it back; bounds tell what tracks, signals and candidates leave to be found."""

import numpy as np
import pandas as pd
import pytest
from support.smiling_people import smiling_people

from kinesics.detectors import ranked
from kinesics.signals import coefficients
from kinesics_paper.studies import people_ablations, people_oracles
from kinesics_paper.studies.people_ablations import VARIANTS
from kinesics_paper.studies.people_data import People


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return six people who smile once each."""
    return smiling_people(tmp_path_factory.mktemp("people"), "abcdef")


@pytest.mark.slow
def test_variants_change_the_detector_and_leave_it_as_it_was(data):
    before = coefficients.usual_heading, ranked.adapted, coefficients.PRIOR_S
    whole = people_ablations.people_f1(data, people_ablations._run(data, VARIANTS["whole"]))
    assert whole.tolist() == [1] * 6
    blind = people_ablations._run(data, ((ranked, "adapted", lambda score, prior: np.full(len(score), -9.0)), "fer"))
    assert len(blind)
    assert (coefficients.usual_heading, ranked.adapted, coefficients.PRIOR_S) == before


def test_features_are_taken_away(data):
    without = people_ablations._without(data, "fer")
    assert all("fer" in recording.features for recording in data.recordings)
    assert not any("fer" in recording.features for recording in without.recordings)


@pytest.mark.slow
def test_the_curve_grows_with_people(data, monkeypatch):
    monkeypatch.setattr(people_ablations, "AMOUNTS", (1, 3))
    points = people_ablations._curve(data, np.ones(6))
    assert [point["groups"] for point in points] == [1, 3, 5]
    assert points[0]["ranked"] == 0  # nothing is learned from one person
    assert points[-1] == {"groups": 5, "ranked": 1.0, "rules": 1.0}


def test_bounds_of_a_signal_that_separates(data, monkeypatch, tmp_path):
    monkeypatch.setattr(people_oracles, "read_people_data", lambda *args: data)
    rows = [
        {"video": f"v{k}", "person": 0, "label": "happy", "start_s": 3.0 + k % 3, "end_s": 6.0 + k % 3}
        | {"score": 1.0, "decision": False, "seed": 0}
        for k in range(3)
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "ranked.parquet")
    result = people_oracles.oracles([], [], [], str(tmp_path / "ranked.parquet"))
    assert result["labels"]["happy"]["auc"] > 0.98
    assert result["labels"]["sad"]["auc"] is None
    assert result["lost"] == 0
    assert result["in_sample"] == result["own"] == 1
    assert (result["recall"], result["f1"]) == (0.5, pytest.approx(2 / 3))


def test_an_event_of_nobody_tracked_is_lost(data):
    truth = data.truth[0].copy()
    truth.loc[0, "person"] = 7
    lost = people_oracles._lost(People(data.recordings, [truth], data.person, data.group))
    assert lost == {"happy": pytest.approx(1 / 6)}
