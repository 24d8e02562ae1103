"""Nothing of a person, nor of who shares a clip with them, is in the training of what is judged on them."""

import numpy as np
import pandas as pd
import pytest
from support.smiling_people import smiling_people

from kinesics_paper.studies import people_left_out
from kinesics_paper.studies.people_data import People, balanced_folds, leave_each_out
from kinesics_paper.studies.people_left_out import DETECTORS


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return six people of seven clips who smile once each; two clips show the same one."""
    return smiling_people(tmp_path_factory.mktemp("people"), "aabcdef")


@pytest.mark.parametrize(
    "name",
    ["rules", "matched", *(pytest.param(name, marks=pytest.mark.slow) for name in ("ranked", "logistic", "frames"))],
)
def test_smiles_of_people_left_out_are_detected(data, name):
    detect, _ = DETECTORS[name]
    found = pd.concat([detect(data, fold) for fold in leave_each_out(data)])
    decisions = found[found["decision"] & (found["label"] == "happy")]
    assert set(decisions["video"]) == {f"v{k}" for k in range(7)}
    for k, rows in decisions.groupby("video"):
        start = 3 + int(str(k)[1:]) % 3
        assert (rows["start_s"].iloc[0], rows["end_s"].iloc[0]) == pytest.approx((start, start + 3), abs=0.8)


@pytest.mark.parametrize("name", ["rules", "logistic", "matched"])
def test_annotations_of_people_left_out_change_nothing(data, name):
    detect, _ = DETECTORS[name]
    other = data.truth[0].copy()
    other.loc[other["person_id"] == "a", ["start_s", "end_s"]] = [0.0, 1.0]
    changed = People(data.recordings, [other], data.person, data.group)
    pd.testing.assert_frame_equal(detect(data, ["a"]), detect(changed, ["a"]))


def test_ranked_learns_from_the_other_people_only(data, monkeypatch):
    trained, fit = [], people_left_out.ranked.fit

    def recording_fit(recordings, *args, **options):
        trained.append({r.tracks.video for r in recordings})
        return fit(recordings, *args, **options)

    monkeypatch.setattr(people_left_out.ranked, "fit", recording_fit)
    found = people_left_out.ranked_events(data, ["a"])
    assert trained == [{"v2", "v3", "v4", "v5", "v6"}]
    assert set(found["video"]) == {"v0", "v1"}


def test_folds_have_each_group_once_and_about_as_many_events(data):
    folds = balanced_folds(data, 3)
    assert sorted(name for fold in folds for name in fold) == list("abcdef")
    assert sorted(len(data.recordings_of(fold, inside=True)) for fold in folds) == [2, 2, 3]


def test_a_matched_filter_responds_to_the_event_and_its_length():
    values = np.zeros(100)
    values[40:62] = 1
    start, stop, _ = people_left_out._responses(values, 10.0)[0]
    assert (start, stop) == (40, 62)
