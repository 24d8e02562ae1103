"""Measures of tracks against values worked out by hand."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation
from support import ROOT

from kinesics.signals.measures import ACTION_UNITS, MEASURES, head_measures, write_measures
from kinesics.structures.tracks import BLENDSHAPES, TracksWriter

WIDTH, HEIGHT = 200, 100


@pytest.fixture
def tracks(tmp_path):
    """Return a tracks file: one frame with all parts of person 0, one with nothing but a box of person 3."""
    mesh = np.zeros((478, 3))
    for point, x, y in [(33, 0.30, 0.4), (133, 0.40, 0.4), (362, 0.50, 0.4), (263, 0.60, 0.4)]:  # right eye, left eye
        mesh[point, :2] = x, y
    for point, x, y in [(159, 0.35, 0.38), (145, 0.35, 0.42), (386, 0.55, 0.39), (374, 0.55, 0.41)]:  # lids
        mesh[point, :2] = x, y
    mesh[468, :2], mesh[473, :2] = (0.36, 0.41), (0.56, 0.41)  # both irises 2 pixels to the own left, 1 pixel down
    for point, y in [(10, 0.2), (152, 0.8), (13, 0.6), (14, 0.66)]:
        mesh[point, :2] = 0.45, y
    pose = np.zeros((33, 4))
    pose[11], pose[12] = [0.7, 0.9, 0, 0.9], [0.3, 0.9, 0, 0.9]
    hand = np.zeros((21, 3))
    hand[:7, :2] = 0.5  # a third of its landmarks in the face
    matrix = np.eye(4)
    matrix[:3, 3] = 1, 2, -50
    shapes = np.linspace(0, 1, len(BLENDSHAPES))
    path = tmp_path / "tracks.parquet"
    face = dict(zip(["face_x0", "face_y0", "face_x1", "face_y1"], [0.2, 0.2, 0.7, 0.8], strict=True))
    parts = {"face": mesh, "pose": pose, "left_hand": hand, "blendshapes": shapes, "head_matrix": matrix}
    with TracksWriter(path, "v", 10, WIDTH, HEIGHT) as writer:
        writer.add({"frame": 0, "time_s": 0.0, "person": 0, "face_score": 0.9, **face, **parts})
        writer.add({"frame": 1, "time_s": 0.1, "person": 3, "person_x0": 0.1})
        writer.close(0.2)
    return path


def test_every_column_has_its_value(tracks, tmp_path):
    write_measures(tracks, tmp_path / "m.parquet")
    table = pd.read_parquet(tmp_path / "m.parquet")
    assert list(table.columns) == list(MEASURES)
    row = table.iloc[0]
    expected = {
        "time_s": 0,
        "person": 0,
        "face_score": 0.9,
        "face_x1": 0.7,
        "head_x_cm": 1,
        "head_y_cm": 2,
        "head_z_cm": -50,
        "right_eye_opening": 0.2,
        "left_eye_opening": 0.1,
        "gaze_x": 0.1,
        "gaze_y": 0.05,
        "mouth_opening": 0.1,
        "shoulders_x": 0.5,
        "shoulders_y": 0.9,
        "shoulder_width": 0.8,
        "left_wrist_x": 0.5,
        "left_wrist_y": 0.5,
        "left_hand_at_face": 7 / 21,
        "browDownLeft": 1 / 51,
        "au04": 1.5 / 51,
        "au12": (BLENDSHAPES.index("mouthSmileLeft") + 0.5) / 51,
    }
    assert row[list(expected)].astype(float).to_dict() == pytest.approx(expected, abs=1e-6)
    assert np.isnan(row[["right_wrist_x", "right_hand_at_face", "person_x0"]].astype(float)).all()
    other = table.iloc[1].drop(["frame", "time_s", "person", "shot", "person_x0"])
    assert (table.loc[1, "person"], table.loc[1, "shot"]) == (3, 0)
    assert other.isna().all()
    schema = pq.read_schema(tmp_path / "m.parquet")
    assert schema.field("head_yaw_deg").metadata[b"unit"] == b"degree"


def test_csv_has_the_same_numbers(tracks, tmp_path):
    write_measures(tracks, tmp_path / "m.parquet")
    write_measures(tracks, tmp_path / "m.csv", csv=True)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "m.csv"), pd.read_parquet(tmp_path / "m.parquet"), check_dtype=False, atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("angles", [(30, 0, 0), (0, 20, 0), (0, 0, -15), (25, -10, 12)])
def test_angles_of_the_head_are_the_persons_own(angles):
    yaw, pitch, roll = angles
    matrix = np.eye(4)
    # In the camera's coordinates: forward is +z, the person's own left is +x.
    matrix[:3, :3] = 1.1 * Rotation.from_euler("YXZ", [yaw, pitch, -roll], degrees=True).as_matrix()
    forward, top = matrix[:3, :3] @ [0, 0, 1], matrix[:3, :3] @ [0, 1, 0]
    out = head_measures(matrix[None])
    assert [out[f"head_{name}_deg"][0] for name in ("yaw", "pitch", "roll")] == pytest.approx(list(angles))
    if pitch == roll == 0:
        assert forward[0] > 0  # the face points to the own left
    if yaw == roll == 0:
        assert forward[1] < 0  # the chin goes down
    if yaw == pitch == 0:
        assert top[0] < 0  # roll is -15: the head leans to the own right


def test_units_are_made_of_existing_blend_shapes():
    names = {name for names in ACTION_UNITS["actions"] for name in names.split()}
    assert names < set(BLENDSHAPES)
    assert ACTION_UNITS["unit"].is_unique


def test_a_video_without_people_gives_a_table_without_rows(tmp_path):
    with TracksWriter(tmp_path / "t.parquet", "v", 10, WIDTH, HEIGHT) as writer:
        writer.close(1.0)
    write_measures(tmp_path / "t.parquet", tmp_path / "m.parquet")
    write_measures(tmp_path / "t.parquet", tmp_path / "m.csv", csv=True)
    assert (
        list(pd.read_parquet(tmp_path / "m.parquet").columns)
        == list(pd.read_csv(tmp_path / "m.csv").columns)
        == list(MEASURES)
    )


def test_the_documentation_lists_every_column():
    rows = [f"| `{name}` | {unit} | {text} |" for name, (unit, text) in MEASURES.items()]
    assert "\n".join(rows) in (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
