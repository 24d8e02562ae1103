"""Scripts are laid into streams of training people only, and labels and amounts are what a recipe says."""

import numpy as np
import pandas as pd
import pytest
from support.people_tracks import on, person_recording

from kinesics.synthetic.perception_channel import measure_channel
from kinesics_paper.studies import scripted_learning
from kinesics_paper.studies.people_data import People
from kinesics_paper.studies.scripted_learning import RECIPES, Recipe

pytestmark = pytest.mark.slow

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
        scripted_learning._TrainingPeople(data).learn(recipe, fold, (seed, 0))
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
    streams = learned(Recipe(annotations=False, host="real", scripts=20))
    assert all(("happy", 4.0, 7.0) in of_stream for of_stream in events(streams))
    assert any(len(of_stream) > 1 for of_stream in events(streams))
    copied = learned(Recipe(annotations=False, host="real", scripts=20, copied=True))
    assert events(copied) == [[("happy", 4.0, 7.0)]] * len(streams)


def test_annotations_alone_are_those_of_people(learned):
    assert events(learned(Recipe())) == [[("happy", 4.0, 7.0)]] * 3
    assert len(learned(Recipe(groups=2))) == 2


def test_modelled_and_still_streams_are_groups_of_their_own(learned):
    for host in ("modelled", "still"):
        streams = learned(Recipe(annotations=False, host=host, scripts=16))
        assert [s.group for s in streams] == [f"script {k}" for k in range(len(streams))]
        assert sum(map(len, events(streams))) >= 16


def test_shuffled_labels_keep_times_and_numbers_of_labels(learned):
    plain = learned(Recipe(annotations=False, host="modelled", scripts=40))
    shuffled = learned(Recipe(annotations=False, host="modelled", scripts=40, shuffled=True))
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


def test_more_scripts_are_added_to_the_same(learned):
    few, many = (learned(Recipe(annotations=False, host="modelled", scripts=count)) for count in (16, 40))
    assert len(many) > len(few)
    assert events(many)[: len(few)] == events(few)
    np.testing.assert_array_equal(many[0].columns["smile"], few[0].columns["smile"])


def test_the_channel_changes_signals_and_no_event(learned):
    shown, exact = (learned(Recipe(annotations=False, host="modelled", scripts=16, channel=c)) for c in (True, False))
    assert events(shown) == events(exact)
    assert not np.array_equal(shown[0].columns["smile"], exact[0].columns["smile"])


def test_the_channel_is_measured_on_training_people(data, monkeypatch):
    measured = []
    monkeypatch.setattr(
        scripted_learning, "measure_channel", lambda people: measured.append(people) or measure_channel(people)
    )
    training = scripted_learning._TrainingPeople(data)
    training.learn(Recipe(annotations=False, host="modelled", scripts=8), ("v0",), (0, 0))
    (people,) = measured
    assert [id(person) for person, *_ in people] == [id(training.measured[name, 0]) for name in ("v1", "v2", "v3")]


def test_recipes_are_compared_with_one_before():
    names = list(RECIPES)
    assert all(names.index(recipe.against) < k for k, recipe in enumerate(RECIPES.values()) if k)
    assert RECIPES[names[0]] == Recipe()


def test_each_recipe_is_scored_by_person(data, monkeypatch):
    monkeypatch.setattr(scripted_learning, "read_people_data", lambda *paths: data)
    monkeypatch.setattr(scripted_learning, "FEW_FOLDS", 2)
    recipes = {"annotations": Recipe(), "one": Recipe(groups=1), "both": Recipe(host="real", scripts=8)}
    monkeypatch.setattr(scripted_learning, "RECIPES", recipes)
    result = scripted_learning.scripted_learning([], [], [], {"resamples": 200, "seed": 0}, seeds=2)
    assert result["events"] == [4, 4]
    entries = result["recipes"]
    assert entries["annotations"]["people"] == [1] * 4
    assert entries["one"]["people"] == [0] * 4  # one person is too few: nothing is learned, and nothing detected
    assert [len(entries[name]["seeds"]) for name in recipes] == [1, 2, 2]
    assert entries["one"]["difference"]["value"] == -1
    assert entries["one"]["difference"]["lost"] == 4
    assert entries["both"]["events"] >= 8
