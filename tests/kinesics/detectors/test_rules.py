"""The rules detect what moves in small synthetic tracks, and nothing else."""

import numpy as np
import pytest
from support.people_tracks import RATE, on, person_recording

from kinesics.detectors import rules
from kinesics.signals.coefficients import MOUTH
from kinesics.signals.rule_table import GRID, RULES
from kinesics.structures.events import BOX

OPENING = np.random.default_rng(5).uniform(0.02, 0.5, 200)


def wave(t):
    return (0.1 + 0.15 * abs((2 * t) % 2 - 1), 0.9) if on(t, 4, 7) else None


@pytest.mark.parametrize(
    ("label", "motion"),
    [
        ("head_turn", lambda t: {"yaw": 35.0 if on(t, 4, 7) else 0.0}),
        ("happy", lambda t: {"mouthSmile": 0.9 if on(t, 4, 7) else 0.02}),
        ("speaking", lambda t: {name: OPENING[round(t * RATE)] if on(t, 4, 7) else 0.02 for name in MOUTH[:8]}),
        ("hand_to_face", lambda t: {"hand": (0.5, 0.45) if on(t, 4, 7) else None}),
        ("hand_gesture", lambda t: {"hand": wave(t)}),
        ("posture_shift", lambda t: {"x": 0.5 + 0.1 * min(max((t - 4) / 3, 0), 1)}),
    ],
)
def test_a_movement_is_detected(tmp_path, label, motion):
    events, tubes = rules.detect(person_recording(tmp_path / "v.parquet", 16, motion))
    events = events[events["label"] == label]
    assert len(events) == 1
    (event,) = events.itertuples()
    assert event.start_s == pytest.approx(4, abs=0.9)
    assert event.end_s == pytest.approx(7, abs=0.9)
    assert 0 < (tubes["event"] == event.Index).sum() <= round((event.end_s - event.start_s) * RATE) + 1
    assert 0.5 <= event.score <= 1 or label == "speaking"


def test_a_still_person_has_no_events(tmp_path):
    events, tubes = rules.detect(person_recording(tmp_path / "v.parquet", 12, lambda t: {"hand": (0.1, 0.95)}))
    assert len(events) == len(tubes) == 0


def test_the_box_of_a_smile_is_the_face(tmp_path):
    recording = person_recording(tmp_path / "v.parquet", 12, lambda t: {"mouthSmile": 0.9 if on(t, 4, 7) else 0.02})
    events, _ = rules.detect(recording)
    assert events.loc[events["label"] == "happy", BOX].to_numpy()[0] == pytest.approx([0.4, 0.2, 0.6, 0.6])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 3])
def test_short_videos_have_no_events(tmp_path, seconds):
    events, _ = rules.detect(person_recording(tmp_path / "v.parquet", seconds, lambda t: {}))
    assert len(events) == 0


def test_thresholds_are_those_that_were_searched():
    for rule in RULES:
        column, grid = GRID[rule.label]
        assert rule.column == column
        assert rule.on in grid
