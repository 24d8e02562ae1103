"""Scripts follow the coding manual's rules, and repeat with their seed."""

import numpy as np
import pandas as pd
import pytest
from support.synthetic import with_one_actor

from kinesics.errors import KinesicsError
from kinesics.structures.vocabulary import LABELS
from kinesics.synthetic import motion, script, speech, truth
from kinesics.synthetic.rig import FACE_ACTIONS


def test_all_labels_are_acted_but_off_camera_which_follows_from_the_pixels():
    assert set(script.ACTIONS.index) == set(LABELS.index) - {"off_camera"}
    assert set(script.VARIANTS["label"]) | set(script.EXPRESSIONS["label"]) <= set(LABELS.index)
    assert set(map(str, script.EXPRESSIONS["unit"])) <= set(motion.ACTION_UNITS)
    assert set(motion._table["action"]) | set(speech.MOUTH_ACTIONS) <= set(FACE_ACTIONS)
    assert set(speech.SENTENCES["emotion"]) < set(LABELS.index) | {"neutral"}


@pytest.mark.slow
def test_events_last_between_a_sample_more_than_the_minimum_and_six_seconds():
    actions = script.draw_script(3, 3600).actions
    silent = actions[actions["label"] != "speaking"]
    length = silent["end_s"] - silent["start_s"]
    assert length.min() == pytest.approx(0.6)
    assert length.max() == pytest.approx(6)


@pytest.mark.parametrize(("seed", "people", "shot", "pace"), [(0, 1, "face", 1), (1, 2, "bust", 2), (2, 3, "full", 1)])
def test_scripts_follow_the_coding_manual(seed, people, shot, pace):
    drawn = script.draw_script(seed, 60, people, shot, pace)
    actions = drawn.actions
    assert set(actions["person"]) == set(range(people))
    assert len(drawn.roles) == people
    order = actions[["begin_s", "start_s", "apex_s", "release_s", "end_s", "rest_s"]].to_numpy()
    assert order.min() >= 0
    assert order.max() <= 60
    assert (np.diff(order[:, [0, 1, 4, 5]]) >= 0).all()
    assert (np.diff(order[:, [0, 2, 3, 5]]) >= 0).all()
    length = actions["end_s"] - actions["start_s"]
    assert length.min() >= truth.MIN_S
    assert length.max() <= 6
    assert not set(actions["variant"]) & {"beat", "point"} or shot != "face"
    channel = actions["label"].map(script.ACTIONS["channel"])
    for (_, of), own in actions.groupby(["person", channel]):
        pause = own["begin_s"].to_numpy()[1:] - own["rest_s"].to_numpy()[:-1]
        assert (pause > 0.5).all(), f"actions of one channel overlap: {of}"
    for (_, label), own in actions.groupby(["person", "label"]):
        assert (own["end_s"] - own["start_s"]).sum() < 30, f"more than half of the time: {label}"
    assert drawn.utterances["start_s"].is_monotonic_increasing


@pytest.mark.slow
def test_a_seed_gives_one_script_and_another_seed_another(long_script):
    pd.testing.assert_frame_equal(script.draw_script(4, 300, 1, "half").actions, long_script.actions)
    assert with_one_actor(script.draw_script(5, 300, 1, "half")).roles != long_script.roles
    assert set(long_script.actions["label"]) == set(script.ACTIONS.index)


def test_congruent_utterances_overlap_an_expression_of_their_emotion(long_script):
    actions, utterances = long_script.actions, long_script.utterances
    assert set(utterances["congruent"]) == {True, False}
    agreeing = utterances[utterances["congruent"] & (utterances["emotion"] != "neutral")]
    for utterance in agreeing.itertuples():
        expressions = actions[(actions["label"] == utterance.emotion)]
        assert ((expressions["start_s"] < utterance.end_s) & (expressions["end_s"] > utterance.start_s)).any()


def test_an_event_lasts_while_its_movement_is_visible(long_script):
    actions = long_script.actions[long_script.actions["label"] != "speaking"].reset_index(drop=True)
    visible, timing = actions["label"].map(script.ACTIONS["visible"]).to_numpy(), actions[script.TIMING].to_numpy(float)
    for k, action in actions.iterrows():
        at = {name: script.strength(timing, action[name])[k] for name in ("start_s", "apex_s", "release_s", "end_s")}
        assert at["start_s"] == pytest.approx(visible[k], rel=0.02)
        assert at["end_s"] == pytest.approx(visible[k], rel=0.02)
        assert at["apex_s"] == at["release_s"] == action["strength"]
        assert not script.strength(timing, action[["begin_s", "rest_s"]].to_numpy(float))[k].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 60, 4), "4 people"),
        ((0, 60, 1, "close"), "'close' is not a shot"),
        ((0, 1), "2 s to a day"),
        ((0, np.inf), "2 s to a day"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, message):
    with pytest.raises(KinesicsError, match=message):
        script.draw_script(*arguments)
