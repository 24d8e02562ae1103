"""The rules detect what moves in small synthetic tracks, and nothing else."""

import numpy as np
import pytest
from support.body_tracks import RATE, face, hand, make_tracks, pose, with_neutral_face

from kinesics.detectors import rules
from kinesics.signals import cues
from kinesics.structures.events import BOX


def wave(t: float) -> np.ndarray:
    return hand(0.1 + 0.15 * abs((2 * t) % 2 - 1), 0.7) if 4 <= t < 7 else hand(0.1, 0.7)


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("head_turn", {"face": lambda t: face(yaw=35 if 4 <= t < 7 else 0)}),
        ("speaking", {"face": lambda t: face(opening=0.05 * (round(t * RATE) % 3) if 4 <= t < 7 else 0)}),
        ("hand_to_face", {"face": lambda t: face(), "left_hand": lambda t: hand(0.5, 0.5) if 4 <= t < 7 else None}),
        ("hand_gesture", {"face": lambda t: face(), "pose": lambda t: pose(), "right_hand": wave}),
        ("posture_shift", {"face": lambda t: face(), "pose": lambda t: pose(min(max((t - 4) / 3, 0), 1))}),
    ],
)
def test_the_only_movement_is_detected(tmp_path, label, parts):
    recording = with_neutral_face(make_tracks(tmp_path / "v.parquet", 12, parts))
    events, tubes = rules.detect(recording)
    assert events["label"].tolist() == [label]
    assert events.loc[0, "start_s"] == pytest.approx(4, abs=0.8)
    assert events.loc[0, "end_s"] == pytest.approx(7, abs=0.8)
    frames = round((events.loc[0, "end_s"] - events.loc[0, "start_s"]) * RATE)
    assert 0 < len(tubes) <= frames
    assert (tubes["event"] == 0).all()


def test_a_still_person_has_no_events(tmp_path):
    still = {"face": lambda t: face(), "pose": lambda t: pose(), "left_hand": lambda t: hand(0.1, 0.9)}
    events, tubes = rules.detect(with_neutral_face(make_tracks(tmp_path / "v.parquet", 12, still)))
    assert len(events) == len(tubes) == 0


def test_expressions_come_from_the_classifier(tmp_path):
    recording = with_neutral_face(make_tracks(tmp_path / "v.parquet", 12, {"face": lambda t: face()}))
    happy = cues.EXPRESSIONS.index("happy")
    recording.features["fer"].crops["face"].tokens[40:70] = 0
    recording.features["fer"].crops["face"].tokens[40:70, happy] = 1
    events, _ = rules.detect(recording)
    assert events["label"].tolist() == ["happy"]
    assert events.loc[0, ["start_s", "end_s"]].tolist() == pytest.approx([4, 7], abs=0.3)
    assert events.loc[0, BOX].tolist() == pytest.approx([0.4, 0.2, 0.6, 0.6])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 3])
def test_people_without_landmarks_have_no_events(tmp_path, seconds):
    recording = with_neutral_face(make_tracks(tmp_path / "v.parquet", seconds, {}))
    events, _ = rules.detect(recording)
    assert len(events) == 0
