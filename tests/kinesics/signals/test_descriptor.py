"""The person descriptor: columns follow the face, a mirror only changes sides, and gaps are 0 and flagged."""

from pathlib import Path

import numpy as np
import pytest
from support.toy import RATE, mesh, toy_recording

from kinesics.errors import KinesicsError
from kinesics.signals import descriptor, facemesh
from kinesics.signals.descriptor import AUDIO_COLUMNS, COLUMNS, MIRROR, MIRROR_SIGN, person_descriptor
from kinesics.signals.recording import Recording
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks, TracksWriter, read_tracks

FACE = [k for k, name in enumerate(COLUMNS) if name.startswith("face_")]


def written(path: Path, rows: list[dict], width: int = 200) -> Tracks:
    """Write and read tracks of person 0, one row per frame."""
    with TracksWriter(path, "v", RATE, width, 100) as writer:
        for frame, row in enumerate(rows):
            boxes = dict(zip(FACE_BOX, (0.4, 0.2, 0.6, 0.6), strict=True)) | dict(
                zip(PERSON_BOX, (0.2, 0.1, 0.8, 1), strict=True)
            )
            writer.add({"frame": frame, "time_s": frame / RATE, "person": 0} | boxes | row)
        writer.close(len(rows) / RATE)
    return read_tracks(path)


def column(descriptor: np.ndarray, name: str) -> np.ndarray:
    return descriptor[:, COLUMNS.index(name)]


def test_a_smile_raises_the_corners_wherever_the_head_is(tmp_path):
    smile = [0.0] * 12 + [1.0] * 8
    still = person_descriptor(written(tmp_path / "a.parquet", [{"face": mesh(0, s)} for s in smile]), 0)
    moved = [{"face": (mesh(20, s) - [0.5, 0.4, 0]) * 0.7 + [0.3, 0.5, 0]} for s in smile]
    turned = person_descriptor(written(tmp_path / "b.parquet", moved), 0)
    assert column(still, "face_corner_height_left")[-1] < -0.5
    assert (column(still, "face_corner_height_left")[:12] == 0).all()
    np.testing.assert_allclose(turned[:, FACE], still[:, FACE], atol=1e-3)
    np.testing.assert_allclose(column(turned, "head_yaw"), 0, atol=1e-5)  # it is the usual heading


def test_a_turn_is_an_angle_and_no_expression(tmp_path):
    descriptor = person_descriptor(
        written(tmp_path / "v.parquet", [{"face": mesh(30.0 * (k >= 12))} for k in range(20)]), 0
    )
    assert np.abs(column(descriptor, "head_yaw")[12:]) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(descriptor[:, FACE], 0, atol=1e-3)


def random_rows(count: int) -> list[dict]:
    random = np.random.default_rng(0)
    rows = []
    for _ in range(count):
        face = mesh(random.uniform(-20, 20), random.uniform()) + random.normal(0, 0.004, (478, 3))
        pose = np.concatenate([random.uniform(0.2, 0.8, (33, 3)), np.ones((33, 1))], 1)
        hands = {f"{side}_hand": random.uniform(0.3, 0.7, (21, 3)) for side in facemesh.SIDES}
        rows.append({"face": face, "pose": pose} | hands)
    return rows


def mirrored(row: dict) -> dict:
    """Return the row of the mirrored video: x reversed, left and right exchanged."""
    face, pose = row["face"].copy(), row["pose"].copy()
    for name in ("EYE_OUTER", "EYE_INNER", "UPPER_LID", "LOWER_LID", "BROW_INNER", "BROW_MIDDLE", "BROW_OUTER"):
        a, b = getattr(descriptor, name)
        face[[a, b]] = face[[b, a]]
    for name in ("CORNER", "UPPER_SIDE", "LOWER_SIDE", "NOSTRIL", "CHEEK", "EDGE", "JAW"):
        a, b = getattr(descriptor, name)
        face[[a, b]] = face[[b, a]]
    for a, b in (facemesh.SHOULDERS, facemesh.ELBOWS, facemesh.WRISTS):
        pose[[a, b]] = pose[[b, a]]
    face[:, 0], pose[:, 0] = 1 - face[:, 0], 1 - pose[:, 0]
    hands = {
        f"{side}_hand": row[f"{other}_hand"].copy()
        for side, other in zip(facemesh.SIDES, facemesh.SIDES[::-1], strict=True)
    }
    for hand in hands.values():
        hand[:, 0] = 1 - hand[:, 0]
    return {"face": face, "pose": pose} | hands


def test_the_mirrored_descriptor_is_that_of_the_mirrored_video(tmp_path):
    rows = random_rows(30)
    plain = person_descriptor(written(tmp_path / "a.parquet", rows), 0)
    other = person_descriptor(written(tmp_path / "b.parquet", [mirrored(row) for row in rows]), 0)
    error = np.abs(plain[:, MIRROR] * MIRROR_SIGN - other).max(0)
    assert {COLUMNS[k]: float(v) for k, v in enumerate(error) if v > 2e-3} == {}
    assert np.abs(plain).max(0)[: COLUMNS.index("fer_anger")].min() > 0


def test_missing_values_are_zero_and_flagged(tmp_path):
    rows = random_rows(20)
    rows[5] = {}
    rows[6] = {"face": np.full((478, 3), np.nan), "left_hand": rows[6]["left_hand"]}
    descriptor = person_descriptor(written(tmp_path / "v.parquet", rows), 0)
    assert np.isfinite(descriptor).all()
    assert (column(descriptor, "seen_face")[5:7] == 0).all()
    assert (descriptor[5:7][:, FACE] == 0).all()
    assert column(descriptor, "seen_hand_left")[[4, 5, 6]].tolist() == [1, 0, 1]
    assert column(descriptor, "seen_person").all()
    once = person_descriptor(written(tmp_path / "w.parquet", [{}]), 0)
    assert once.shape == (1, len(COLUMNS))
    assert once.sum() == 1  # seen_person


def test_other_people_and_features_are_refused(tmp_path):
    recording, _ = toy_recording(tmp_path, "v", 0, 10)
    with pytest.raises(KinesicsError, match="no person 3; there are"):
        person_descriptor(recording.tracks, 3)
    with pytest.raises(KinesicsError, match="features of 'vit_s_focus' on 'v' were given for 'fer' of 'v'"):
        person_descriptor(recording.tracks, 0, recording.features["vit_s_focus"])
    with pytest.raises(KinesicsError, match="on 'w' were given"):
        person_descriptor(recording.tracks, 0, Features("w", "fer", RATE, recording.features["fer"].crops))


def test_expressions_are_in_the_frames_that_were_encoded(tmp_path):
    recording, _ = toy_recording(tmp_path, "v", 0, 10)
    descriptor = recording.descriptor(0)
    assert descriptor is recording.descriptor(0)
    tokens = recording.features["fer"].crops["face"].tokens
    np.testing.assert_allclose(column(descriptor, "fer_anger"), tokens[:, 0])
    assert column(descriptor, "seen_fer").all()


def audio_features(video: str, rows: int) -> dict[str, Features]:
    """Return features of sound from the start, at 10 Hz, and of a sentence from 0.45 to 1.2 s."""
    random, nobody = np.random.default_rng(0), np.full(rows, -1, np.int32)
    sound = random.normal(-4, 1, (rows, 6)).astype(np.float32)
    sentence = np.stack([random.uniform(0.1, 0.9, 7), np.zeros(7)]).astype(np.float32)
    return {
        "hear": Features(video, "hear", 10.0, {"sound": CropFeatures(np.arange(rows) / 10, nobody, sound)}),
        "words": Features(video, "words", 1.0, {"text": CropFeatures(np.array([0.45, 1.2]), nobody[:2], sentence)}),
    }


def test_audio_is_the_same_for_everyone_and_ends_with_the_sound(tmp_path):
    recording, _ = toy_recording(tmp_path, "v", 0, 10, 2)
    features = audio_features("v", 20)
    one, other = (Recording(recording.tracks, recording.features | features).descriptor(person) for person in (0, 1))
    columns = [k for kind in AUDIO_COLUMNS.values() for k in kind]
    np.testing.assert_array_equal(one[:, columns], other[:, columns])
    assert column(one, "seen_sound").tolist() == [1] * 20 + [0] * 80
    assert column(one, "seen_words").tolist() == [0] * 5 + [1] * 7 + [0] * 88
    sound, sentence = features["hear"].crops["sound"].tokens, features["words"].crops["text"].tokens
    np.testing.assert_array_equal(column(one, "sound_speech")[:20], sound[:, 0])
    np.testing.assert_allclose(column(one, "sound_loudness")[:20], sound[:, 1] - np.median(sound[:, 1]), atol=1e-6)
    np.testing.assert_array_equal(one[5:12, AUDIO_COLUMNS["words"][:7]], np.tile(sentence[0], (7, 1)))
    np.testing.assert_array_equal((one[:, MIRROR] * MIRROR_SIGN)[:, columns], one[:, columns])
    silent, without = recording.descriptor(0), person_descriptor(recording.tracks, 0, recording.features["fer"])
    assert silent.tobytes() == without.tobytes()
    assert (silent[:, columns] == 0).all()
    kept = [k for k in range(len(COLUMNS)) if k not in columns]
    assert silent[:, kept].tobytes() == one[:, kept].tobytes()
    with pytest.raises(KinesicsError, match="features of 'words' on 'v' were given for 'hear' of 'v'"):
        person_descriptor(recording.tracks, 0, None, features["words"])
