"""What comes with the package is learned and described from all people, and compared with the copy there."""

import numpy as np
import pytest
from support.smiling_people import smiling_people

from kinesics.detectors.packaged import read_label_accuracies
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import read_checkpoint, write_checkpoint
from kinesics_paper.studies import default_detector

SETTINGS = {"resamples": 200, "seed": 0}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return six people who smile once each; one also turns."""
    people = smiling_people(tmp_path_factory.mktemp("people"), "abcdef")
    truth = people.truth[0]
    truth.loc[len(truth)] = ["v0", 0, "head_turn", 1.0, 2.0, "a"]
    return people


@pytest.fixture
def files(data, tmp_path, monkeypatch):
    """Return the checkpoint and the table of labels, where all smiles and the turn were found, and by chance nothing."""
    monkeypatch.setattr(default_detector, "read_people_data", lambda *args: data)
    model, labels = tmp_path / "ranked.safetensors", tmp_path / "ranked.labels.csv"
    events = data.truth[0].drop(columns="person_id").assign(score=1.0, decision=True, seed=0)
    events.to_parquet(tmp_path / "events.parquet")
    events.assign(start_s=11.0, end_s=11.5).to_parquet(tmp_path / "chance.parquet")
    default_detector.learn([], [], [], str(model))
    paths = [str(tmp_path / f"{name}.parquet") for name in ("events", "chance")]
    default_detector.describe_labels([], [], [], str(model), *paths, SETTINGS, str(labels))
    return model, labels


def test_labels_of_enough_people_that_are_found_are_on(files):
    table = read_label_accuracies(files[1])
    assert set(table) == {"happy", "head_turn"}
    assert table["happy"].on
    assert (table["happy"].precision, table["happy"].recall, table["happy"].f1) == (1, 1, 1)
    assert (table["happy"].chance_f1, table["happy"].people, table["happy"].events) == (0, 6, 6)
    assert table["head_turn"].f1 == 1
    assert not table["head_turn"].on  # one person is too few
    assert 0 < table["happy"].threshold < 1


def test_learning_twice_gives_the_same_bytes(files, tmp_path):
    default_detector.learn([], [], [], str(tmp_path / "again.safetensors"))
    assert (tmp_path / "again.safetensors").read_bytes() == files[0].read_bytes()


def test_the_copy_in_the_package_is_compared(files):
    model, labels = map(str, files)
    result = default_detector.compare_packaged([], [], [], model, labels, [model, labels])
    assert result["same_bytes"] is True
    assert result["events"] == result["same_events"] >= 6
    assert (result["on"], result["off"]) == (["happy"], ["head_turn"])


@pytest.mark.slow
def test_a_copy_that_detects_otherwise_or_has_other_labels_on_is_refused(files, tmp_path):
    model, labels = files
    arrays = read_checkpoint(model, "ranked")
    write_checkpoint("ranked", arrays | {"cost": np.array([2.0])}, tmp_path / "deaf.safetensors")
    with pytest.raises(KinesicsError, match=r"deaf.safetensors: detects 0 events, .* renew it with `make weights`"):
        default_detector.compare_packaged(
            [], [], [], str(model), str(labels), [str(tmp_path / "deaf.safetensors"), str(labels)]
        )
    other = tmp_path / "other.csv"
    other.write_text(labels.read_text().replace("yes", "no"))
    with pytest.raises(KinesicsError, match=r"other.csv: other labels are on by default \(happy\)"):
        default_detector.compare_packaged([], [], [], str(model), str(labels), [str(model), str(other)])
