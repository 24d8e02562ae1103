"""Signals are relative to what is usual for the person."""

import tracemalloc

import numpy as np
import pytest
from support.people_tracks import RATE, on, person_recording

from kinesics.signals.coefficients import MOUTH, QUIET, frame_columns, person_signals, quiet_levels, usual_heading
from kinesics.structures.tracks import LANDMARKS, open_tracks

QUIET_LEVELS = dict.fromkeys(QUIET, -1.5)


def signals_of(tmp_path, seconds, motion):
    recording = person_recording(tmp_path / "v.parquet", seconds, motion)
    return person_signals(recording.tracks, 0, recording.features["fer"])


def test_the_usual_heading_is_the_one_held_longest():
    angles = np.concatenate([np.full(60, -40.0), np.full(25, 10.0), np.full(30, np.nan)])
    assert usual_heading(angles, 6, RATE) == pytest.approx(-40, abs=1)
    assert usual_heading(np.full(5, np.nan), 6, RATE) == pytest.approx(0, abs=1)


def test_a_turn_is_measured_from_the_usual_heading(tmp_path):
    signals = signals_of(tmp_path, 12, lambda t: {"yaw": 5.0 if on(t, 4, 6) else 35.0})
    assert np.median(signals["turn"][40:60]) == pytest.approx(30, abs=2)
    assert np.median(signals["turn"][:40]) < 2
    assert np.nanmax(signals["tilt"]) < 2


def test_a_quiet_mouth_moves_as_much_as_a_lively_one_in_log_odds(tmp_path):
    def speaking(size):
        return lambda t: {name: size * (2 if round(t * RATE) % 2 else 1) for name in MOUTH}

    quiet, lively = (signals_of(tmp_path, 6, speaking(size))["mouth"][5:-5].mean() for size in (0.001, 0.1))
    still = signals_of(tmp_path, 6, lambda t: {})["mouth"][5:-5].mean()
    # np.gradient takes differences over two frames, where every second frame is the same: what is left is noise
    assert quiet == pytest.approx(lively, abs=0.05)
    assert still < 0.1


def test_movement_is_compared_with_the_quiet_level_of_the_person(tmp_path):
    signals = signals_of(tmp_path, 30, lambda t: {"x": 0.5 + 0.05 * np.sin(6 * t) * on(t, 10, 14)})
    columns = frame_columns(signals, QUIET_LEVELS, RATE, [])
    assert columns["moving_place_range"][105:135].mean() > columns["moving_place_range"][200:].mean() + 1
    assert all(np.isfinite(values).all() and values.shape == (300,) for values in columns.values())


def test_a_hand_at_the_face_is_near_and_not_free(tmp_path):
    signals = signals_of(tmp_path, 6, lambda t: {"hand": (0.5, 0.4) if on(t, 2, 4) else None})
    columns = frame_columns(signals, QUIET_LEVELS, RATE, [])
    assert columns["hand_at_face"][25:35].min() > 1.5
    assert columns["hand_at_face"][:20].max() == 0
    assert columns["gesturing"][22:38].max() == 0


def test_the_mouth_that_moves_most_is_the_one_that_is_heard(tmp_path):
    still = signals_of(tmp_path, 6, lambda t: {})
    rng = np.random.default_rng(3)
    opening = dict(enumerate(rng.uniform(0.02, 0.5, 60)))
    moving = signals_of(tmp_path, 6, lambda t: {name: opening[round(t * RATE)] for name in MOUTH})
    for signals in (still, moving):
        signals["speech"] = np.ones(60)
        signals["sound"] = np.ones(60)
    assert frame_columns(moving, QUIET_LEVELS, RATE, [still])["voice"][20:40].mean() > 1
    assert frame_columns(still, QUIET_LEVELS, RATE, [moving])["voice"][20:40].mean() < -1


def test_nobody_seen_gives_finite_columns(tmp_path):
    recording = person_recording(tmp_path / "v.parquet", 2, lambda t: {})
    nobody = person_signals(recording.tracks, 7)
    columns = frame_columns(nobody, quiet_levels([nobody]), RATE, [])
    assert all(np.isfinite(values).all() for values in columns.values())
    assert columns["turn_deg"].max() == 0


@pytest.mark.parametrize("frames", [1, 2])
def test_very_short_videos(tmp_path, frames):
    signals = signals_of(tmp_path, frames / RATE, lambda t: {"hand": (0.5, 0.4)})
    columns = frame_columns(signals, QUIET_LEVELS, RATE, [])
    assert all(values.shape == (frames,) for values in columns.values())


@pytest.mark.slow
def test_the_meshes_of_a_long_video_are_not_held(tmp_path):
    seconds = 200
    recording = person_recording(tmp_path / "v.parquet", seconds, lambda t: {"hand": (0.5, 0.7), "yaw": 30 * np.sin(t)})
    expected = person_signals(recording.tracks, 0, recording.features["fer"])
    opened = open_tracks(tmp_path / "v.parquet")
    tracemalloc.start()
    signals = person_signals(opened, 0, recording.features["fer"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < seconds * RATE * np.prod(LANDMARKS["face"]) * 4 / 2  # half of the meshes in float32
    for name, values in expected.items():
        np.testing.assert_array_equal(signals[name], values)
