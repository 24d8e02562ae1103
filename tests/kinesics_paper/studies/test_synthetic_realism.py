"""The realism of the synthetic data: what is counted, how errors are measured, and to which face outputs belong."""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kinesics.encoders import fer
from kinesics.errors import KinesicsError
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.tracks import SCHEMA, Tracks, TracksWriter
from kinesics.structures.truth_files import truth_files
from kinesics.synthetic.rig import LANDMARKS
from kinesics_paper.studies.synthetic_realism import MESH, measure_realism, realism

RATE_HZ, FRAMES, WIDTH, HEIGHT = 10.0, 60, 200, 100
NAMES = list(LANDMARKS)


def face(x: float, y: float, nose: float = 0.0) -> np.ndarray:
    """Return landmarks (39, 2) in pixels: all in one place but the eyes' outer corners, 20 pixels apart, and the nose."""
    points = np.tile([x, y], (len(NAMES), 1)).astype(float)
    points[NAMES.index("right_eye_outer"), 0] -= 10
    points[NAMES.index("left_eye_outer"), 0] += 10
    points[NAMES.index("nose_tip"), 0] += nose
    return points


def mesh(points: np.ndarray) -> list[float]:
    """Return a face mesh, flat, whose points are where ``realism`` looks for landmarks."""
    out = np.zeros((478, 3), np.float32)
    for name, at in zip(NAMES, points, strict=True):
        out[list(MESH[name]), :2] = at / (WIDTH, HEIGHT)
    return out.ravel().tolist()


@pytest.fixture
def rendered() -> dict:
    """Return two people's truth, tracks and features: 0 is found as track 7, off by 1.9 pixels; 1 hides half of the time,
    turns away for the other half's first half, and is never found."""
    frames, rows = [], []
    for k in range(FRAMES):
        for person, place in enumerate((50, 140)):
            nose = 8.0 if person and k < 45 else 0.0
            visible = 0.4 if person and k < 30 else 1.0
            landmarks = (face(place, 50, nose) / (WIDTH, HEIGHT)).astype(np.float32).ravel()
            frames.append(
                {"frame": k, "time_s": k / RATE_HZ, "person": person, "face_visible": visible, "landmarks": landmarks}
            )
        rows.append({"frame": k, "time_s": k / RATE_HZ, "person": 7, "face": mesh(face(50, 51.9))})
    columns = {field.name: [row.get(field.name) for row in rows] for field in SCHEMA}
    action = {
        "label": "happy",
        "begin_s": 1.5,
        "start_s": 1.6,
        "apex_s": 2.0,
        "release_s": 2.4,
        "end_s": 2.8,
        "rest_s": 3.0,
    }
    actions = pd.DataFrame([{"person": person} | action for person in (0, 1)])
    times = np.arange(FRAMES) / RATE_HZ
    outputs = np.zeros((FRAMES, len(fer.LABELS)), np.float32)
    outputs[:, fer.LABELS.index("neutral")] = 1
    outputs[22] = 0
    outputs[22, fer.LABELS.index("happy")], outputs[22, fer.LABELS.index("fear")] = 0.75, 0.25
    return {
        "frames": {"a": pd.DataFrame(frames)},
        "actions": {"a": actions},
        "tracks": {"a": Tracks("a", RATE_HZ, FRAMES / RATE_HZ, WIDTH, HEIGHT, pa.table(columns, schema=SCHEMA))},
        "features": {"a": Features("a", "fer", RATE_HZ, {"face": CropFeatures(times, np.full(FRAMES, 7), outputs)})},
    }


def videos(severity: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        [{"video": "a", "shot": "bust", "perturbation": "blur" if severity else "", "severity": severity}]
    )


def test_only_frontal_faces_in_sight_count(rendered):
    rows = realism(videos(), **rendered)["detection"]
    assert [row["shot"] for row in rows] == ["all", "bust"]
    # All 60 of person 0, and the last 15 of person 1.
    assert all((row["faces"], row["found"]) == (75, 60) for row in rows)
    assert rows[0]["rate"] == pytest.approx(0.8)
    assert rows[0]["median_eye_distance_px"] == pytest.approx(20)


def test_errors_are_shares_of_the_distance_between_the_eyes(rendered):
    for row in realism(videos(), **rendered)["landmarks"]:
        assert row["faces"] == 60
        assert row["mean_px"] == pytest.approx(1.9, abs=1e-4)
        assert [row[name] for name in ("mean", "median", "p90")] == pytest.approx([0.095] * 3, abs=1e-5)


def test_a_mesh_that_is_off_by_more_than_a_tenth_has_failed(rendered):
    table = rendered["tracks"]["a"].table.to_pylist()
    for row in table[:15]:
        row["face"] = mesh(face(50, 54))
    tracks = dataclasses.replace(rendered["tracks"]["a"], table=pa.Table.from_pylist(table, SCHEMA))
    row = realism(videos(), **rendered | {"tracks": {"a": tracks}})["landmarks"][0]
    assert row["failed"] == pytest.approx(0.25)
    assert row["mean"] == pytest.approx(0.25 * 0.2 + 0.75 * 0.095, abs=1e-5)


def test_expressions_are_measured_at_the_apex_and_when_calm(rendered):
    rows = {(row["display"], row["said"]): row for row in realism(videos(), **rendered)["expressions"]}
    assert rows["happy", "happy"]["faces"] == rows["happy", "happy"]["times"] == 1, "person 1 has no output"
    assert rows["happy", "happy"]["mean_probability"] == pytest.approx(0.75)
    assert rows["happy", "fear"]["times"] == 0
    # Calm until 0.5 s and from 4 s on: at 0, 4 (4.1 by rounding), 5.
    assert rows["neutral", "neutral"]["times"] == 3


def test_perturbed_videos_count_apart(rendered):
    tables = realism(videos(severity=2), **rendered)
    assert [(row["perturbation"], row["severity"], row["faces"]) for row in tables["detection"]] == [
        ("", 0, 0),
        ("blur", 2, 75),
    ]
    assert tables["detection"][0]["rate"] is None
    assert tables["landmarks"] == tables["expressions"] == []


def test_a_mesh_far_off_is_another_face(rendered):
    table = rendered["tracks"]["a"]
    far = [{"frame": k, "time_s": k / RATE_HZ, "person": 7, "face": mesh(face(90, 50))} for k in range(FRAMES)]
    columns = {field.name: [row.get(field.name) for row in far] for field in SCHEMA}
    elsewhere = Tracks("a", RATE_HZ, table.duration_s, WIDTH, HEIGHT, pa.table(columns, schema=SCHEMA))
    assert realism(videos(), **rendered | {"tracks": {"a": elsewhere}})["detection"][0]["found"] == 0


def test_missing_tables_and_old_truth_are_named(rendered):
    with pytest.raises(KinesicsError, match="a: no features"):
        realism(videos(), **rendered | {"features": {}})
    short = rendered["frames"]["a"].copy()
    short["landmarks"] = [points[:20] for points in short["landmarks"]]
    with pytest.raises(KinesicsError, match="a: the truth has 10 landmarks, not 39"):
        realism(videos(), **rendered | {"frames": {"a": short}})


def test_it_is_written_from_files(rendered, tmp_path):
    files = truth_files(tmp_path / "truth", "a")
    files["frames"].parent.mkdir()
    rendered["frames"]["a"].to_parquet(files["frames"])
    rendered["actions"]["a"].to_csv(files["actions"], index=False)
    videos().to_csv(tmp_path / "videos.csv", index=False)
    with TracksWriter(tmp_path / "tracks/a.parquet", "a", RATE_HZ, WIDTH, HEIGHT) as writer:
        for row in rendered["tracks"]["a"].table.to_pylist():
            writer.add(row)
        writer.close(FRAMES / RATE_HZ)
    write_features(rendered["features"]["a"], tmp_path / "fer/a.safetensors")
    measured = measure_realism(
        tmp_path / "videos.csv",
        [files["frames"]],
        [files["actions"]],
        [tmp_path / "tracks/a.parquet"],
        [tmp_path / "fer/a.safetensors"],
    )
    assert measured == realism(videos(), **rendered)
