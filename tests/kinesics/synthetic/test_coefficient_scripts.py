"""Scripted events stand where the script says, in signals and in the truth, and nothing else moves."""

import numpy as np
import pandas as pd
import pytest

from kinesics.signals.coefficients import person_signals
from kinesics.structures.tracks import BLENDSHAPES
from kinesics.synthetic.coefficient_scripts import (
    EVENT_COLUMNS,
    LABELS,
    MOVEMENTS,
    background,
    draw_events,
    lay_in,
)
from kinesics.synthetic.measured_person import measured_person, neutral_person, to_tracks
from kinesics.synthetic.perception_channel import Channel
from kinesics.synthetic.script import ACTION_PAUSE_S, ACTIONS, EXPRESSIONS, TIMING, VARIANTS, draw_action

RATE = 10.0
SIZE = len(BLENDSHAPES)
NEUTRAL = np.array([0.01] * 6 + [0.94])
NOBODY = pd.DataFrame(columns=EVENT_COLUMNS)


def channel(**changed):
    """A channel whose classifier follows the smile, without any distortion."""
    coupling = np.zeros((SIZE, 7))
    coupling[[BLENDSHAPES.index(f"mouthSmile{side}") for side in ("Left", "Right")], 3] = 4
    still = {"rest": np.full((2, SIZE), -4.0), "expressions_at_rest": np.full((2, 7), -2.0), "coupling": coupling}
    still |= {"drift": np.zeros(SIZE), "jitter": np.zeros((SIZE, SIZE)), "leak": np.zeros((4, SIZE))}
    return Channel(**{**still, "lost": 0.0, "hand_lost": 0.0, "gain": 0.0, "delay_s": 0.0, "tremor": 0.0, **changed})


def one(label, variant, begin, apex, release, rest, strength=1.0, side=1.0):
    """The table of one action."""
    times = {"begin_s": begin, "apex_s": apex, "release_s": release, "rest_s": rest, "start_s": begin, "end_s": rest}
    return pd.DataFrame([{"label": label, "variant": variant, "side": side, "strength": strength, **times}])


def signals_of(action, frames=200, shown=None):
    """The signals of a still person with one action, and its events."""
    person, events = lay_in(neutral_person(frames, RATE, NEUTRAL), action, shown or channel(), np.random.default_rng(0))
    tracks, features = to_tracks(person, "v")
    return person_signals(tracks, 0, features["fer"], features["audio_activity"]), events


def test_every_drawn_action_has_movements():
    units = {str(unit) for unit in EXPRESSIONS["unit"]}
    assert units | set(VARIANTS["variant"]) - set(EXPRESSIONS["variant"]) <= MOVEMENTS.keys()
    assert all(float(row["low"]) <= float(row["high"]) for rows in MOVEMENTS.values() for row in rows)


def test_a_smile_has_its_apex_where_the_script_says():
    signals, events = signals_of(one("happy", "12", 5, 6, 8, 9))
    smile = signals["mouthSmile"]
    rest, peak = smile[0], smile.max()
    assert peak > rest + 0.3
    np.testing.assert_allclose(smile[60:80], peak, atol=0.01)
    np.testing.assert_array_equal(smile[:50], smile[:1].repeat(50))
    np.testing.assert_array_equal(smile[90:], smile[:1].repeat(110))
    assert smile[54] + smile[55] == pytest.approx(rest + peak, abs=0.01)  # halfway in the middle of the onset
    assert signals["fer_happy"][70] > 2 * signals["fer_happy"][0]
    assert events.to_dict("records") == [{"label": "happy", "start_s": 5, "end_s": 9}]


@pytest.mark.parametrize(
    ("action", "name", "least"),
    [
        (one("head_turn", "turn", 5, 5.5, 8, 8.5, 40.0), "turn", 30),
        (one("head_tilt", "roll", 5, 5.5, 8, 8.5, 25.0), "lean", 20),
        (one("head_tilt", "down", 5, 5.5, 8, 8.5, 25.0), "nod", 20),
        (one("hand_to_face", "mouth", 5, 5.8, 8, 8.8), "touch", 0.3),
        (one("hand_gesture", "wave", 5, 5.8, 8, 8.8), "hand_speed", 0.5),
        (one("posture_shift", "approach", 6, 8, 9, 10), "place_range", 0.1),
    ],
)
def test_movements_are_seen_in_their_signal_only_during_the_event(action, name, least):
    signals, _ = signals_of(action)
    values = np.nan_to_num(signals[name])
    assert values[65:75].max() > least
    assert np.abs(values[:35] - values[0]).max() < 0.01
    assert np.abs(values[110:] - values[0]).max() < 0.01


def test_hands_that_gesture_do_not_touch_the_face():
    signals, _ = signals_of(one("hand_gesture", "beat", 5, 5.8, 8, 8.8))
    assert np.nanmax(signals["touch"]) == 0


def test_speech_is_in_the_sound_and_moves_the_mouth():
    shown = channel(jitter=0.1 * np.eye(SIZE))
    signals, _ = signals_of(one("speaking", "", 5, 5, 8, 8), shown=shown)
    assert (signals["speech"][50:80] >= 0.8).all()
    assert signals["speech"][:50].max() == signals["speech"][80:].max() == 0
    assert signals["mouth"][52:78].mean() > 0.1
    assert signals["mouth"][:48].max() == signals["mouth"][82:].max() == 0


def test_drawn_events_keep_their_channels_apart_and_clear_of_the_host():
    busy = pd.DataFrame([("happy", 4.0, 9.0), ("head_turn", 1.0, 3.0)], columns=EVENT_COLUMNS)
    labels = set()
    for seed in range(20):
        events = draw_events(np.random.default_rng(seed), 20.0, 15, busy)
        labels |= set(events["label"])
        assert len(events) <= 15
        every = pd.concat([events[EVENT_COLUMNS], busy]).assign(
            start_s=lambda t: t["start_s"].clip(lower=0), end_s=lambda t: t["end_s"].clip(upper=20)
        )
        for _, part in every.groupby(every["label"].map(ACTIONS["channel"])):
            part = part.sort_values("start_s")
            assert (part["start_s"].to_numpy()[1:] - part["end_s"].to_numpy()[:-1] >= ACTION_PAUSE_S - 1e-9).all()
    assert labels == set(LABELS)


def test_a_seed_gives_the_same_stream():
    def made(seed):
        rng, shown = np.random.default_rng(seed), channel(drift=np.full(SIZE, 0.3), gain=0.3, tremor=0.1)
        return lay_in(background(100, RATE, shown, rng), draw_events(rng, 10, 4, NOBODY), shown, rng)

    (first, events), (again, same), (other, _) = made(1), made(1), made(2)
    pd.testing.assert_frame_equal(events, same)
    for name, values in first.arrays.items():
        np.testing.assert_array_equal(values, again.arrays[name])
    assert not np.array_equal(first.arrays["blendshapes"], other.arrays["blendshapes"])


def test_the_host_is_not_changed_and_others_frames_stay():
    host = neutral_person(100, RATE, NEUTRAL)
    before = host.copy()
    person, _ = lay_in(host, one("anger", "4+24", 3, 3.5, 5, 5.5), channel(), np.random.default_rng(0))
    for name, values in before.arrays.items():
        np.testing.assert_array_equal(host.arrays[name], values)
        np.testing.assert_array_equal(person.arrays[name][:30], values[:30])
    assert person.arrays["blendshapes"][40, BLENDSHAPES.index("browDownLeft")] > 0.2


def test_measurements_survive_tracks():
    person, _ = lay_in(
        neutral_person(60, RATE, NEUTRAL), one("hand_to_face", "chin", 1, 2, 3, 4), channel(), np.random.default_rng(0)
    )
    again = measured_person(*(lambda tracks, features: (tracks, 0, features))(*to_tracks(person, "v")))
    for name, values in person.arrays.items():
        np.testing.assert_allclose(again.arrays[name], values, atol=1e-5)
    np.testing.assert_allclose(again.expressions, person.expressions, atol=1e-6)
    np.testing.assert_array_equal(again.speech, person.speech)
    assert again.cut(10, 25).frames == 15
    assert list(TIMING) == ["strength", "begin_s", "apex_s", "release_s", "rest_s"]
    assert draw_action(np.random.default_rng(0), "happy", "bust")["variant"]
