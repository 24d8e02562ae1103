"""Scripts are laid into streams of training people only, and labels and amounts are what a recipe says."""

import numpy as np
import pandas as pd
import pytest
from support.people_tracks import on, person_recording

from kinesics_paper.studies import scripted_learning
from kinesics_paper.studies.people_data import People
from kinesics_paper.studies.scripted_learning import Recipe, judge

COLUMNS = ["video", "person", "label", "start_s", "end_s", "person_id"]


@pytest.fixture
def data(tmp_path):
    """Four people of one clip each, who smile."""
    names = [f"v{k}" for k in range(4)]
    recordings = [
        person_recording(tmp_path / f"{name}.parquet", 20, lambda t: {"mouthSmile": 0.9 if on(t, 4, 7) else 0.02}, name)
        for name in names
    ]
    truth = pd.DataFrame([(name, 0, "happy", 4.0, 7.0, name) for name in names], columns=COLUMNS)
    return People(recordings, [truth, truth], {(name, 0): name for name in names}, {name: name for name in names})


@pytest.fixture
def learned(data, monkeypatch):
    """Return a function from a recipe, and a fold, to the streams that are learned from."""
    streams = []
    monkeypatch.setattr(scripted_learning.ranked, "learn", lambda given: streams.append(given) or {})

    def learn(recipe, fold=("v0",), seed=0):
        scripted_learning._TrainingPeople(data).learn(recipe, fold, np.random.default_rng(seed))
        return streams[-1]

    return learn


def events(streams):
    """The events of the first pass of each stream: (label, start, end)."""
    return [sorted((label, *row) for label, parts in s.truth.items() for row in parts[0]) for s in streams]


def test_the_left_out_person_is_neither_learned_from_nor_a_host(learned):
    streams = learned(Recipe(host="real", scripts=40))
    assert {s.group for s in streams} == {"v1", "v2", "v3"}
    assert {s.group for s in learned(Recipe(host="real", scripts=40), fold=("v1", "v2"))} == {"v0", "v3"}


def test_hosts_keep_their_coded_events(learned):
    streams = learned(Recipe(codes=False, host="real", scripts=20))
    assert all(("happy", 4.0, 7.0) in of_stream for of_stream in events(streams))
    assert any(len(of_stream) > 1 for of_stream in events(streams))
    silent = learned(Recipe(codes=False, host="real", scripts=20, silent=True))
    assert events(silent) == [[("happy", 4.0, 7.0)]] * len(streams)


def test_codes_alone_are_the_codings(learned):
    assert events(learned(Recipe())) == [[("happy", 4.0, 7.0)]] * 3
    assert len(learned(Recipe(hosts=2))) == 2


def test_noise_and_neutral_streams_are_groups_of_their_own(learned):
    for host in ("noise", "neutral"):
        streams = learned(Recipe(codes=False, host=host, scripts=16))
        assert [s.group for s in streams] == ["script 0", "script 1"]  # eight events in thirty seconds


def test_shuffled_labels_keep_times_and_numbers_of_labels(learned):
    plain = learned(Recipe(codes=False, host="noise", scripts=40))
    shuffled = learned(Recipe(codes=False, host="noise", scripts=40, shuffled=True))
    times = [sorted(row[1:] for row in of_stream) for of_stream in events(plain)]
    assert times == [sorted(row[1:] for row in of_stream) for of_stream in events(shuffled)]
    labels = [sorted(row[0] for of_stream in events(s) for row in of_stream) for s in (plain, shuffled)]
    assert labels[0] == labels[1]
    assert events(plain) != events(shuffled)
    for first, second in zip(plain, shuffled, strict=True):
        np.testing.assert_array_equal(first.columns["smile"], second.columns["smile"])


def test_a_seed_gives_the_same_streams(learned):
    recipe = Recipe(host="real", scripts=20)
    first, again, other = (learned(recipe, seed=seed) for seed in (1, 1, 2))
    assert events(first) == events(again) != events(other)
    np.testing.assert_array_equal(first[-1].columns["smile"], again[-1].columns["smile"])


def test_f1_of_people_and_of_all_events(data):
    found = pd.DataFrame(
        [("v0", 0, "happy", 4.0, 7.0), ("v1", 0, "happy", 4.0, 7.0), ("v1", 0, "sad", 4.0, 7.0)], columns=COLUMNS[:-1]
    )
    scores = judge(data, found)
    assert scores["people"] == pytest.approx((1 + 2 / 3) / 4, abs=1e-6)
    assert scores["micro"] == pytest.approx(2 * 2 / (3 + 4), abs=1e-6)


def test_nothing_is_detected_where_nothing_can_be_learned(data, monkeypatch):
    monkeypatch.setattr(scripted_learning, "read_people_data", lambda *paths: data)
    result = scripted_learning.scripted_learning([], [], [], {"one": {"hosts": 1}}, folds=2, seeds=2)
    assert result["people"] == 4
    assert result["recipes"]["one"]["people"] == {"mean": 0, "low": 0, "high": 0}
    assert len(result["recipes"]["one"]["seeds"]) == 2
