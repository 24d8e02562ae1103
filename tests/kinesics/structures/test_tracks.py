"""The tracks table: what is written is read, and other files are refused."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.body_tracks import RATE, make_tracks

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import (
    ARRAYS,
    BLENDSHAPES,
    FACE_BOX,
    LANDMARKS,
    SCHEMA,
    TracksWriter,
    open_tracks,
    read_tracks,
    remap_ids,
)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(KinesicsError, match=r"bad.parquet: not a tracks file"):
        read_tracks(tmp_path / "bad.parquet")
    with pytest.raises(KinesicsError, match="no such file; make it with: kinesics track"):
        read_tracks(tmp_path / "absent.parquet")


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def interrupted() -> None:
        with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
            writer.add({"frame": 0, "time_s": 0.0, "person": 0})
            raise RuntimeError("a cable was pulled")

    with pytest.raises(RuntimeError, match="cable"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_landmarks_are_kept_and_missing_ones_are_nan(tmp_path):
    random = np.random.default_rng(1)
    mesh = random.random((478, 3)).astype(np.float32)
    tracks = make_tracks(tmp_path / "v.parquet", 3, {"face": lambda t: mesh if 1 <= t < 2 else None})
    dense = tracks.dense(0, "face")
    assert dense.shape == (30, *LANDMARKS["face"])
    np.testing.assert_array_equal(dense[10:20], np.tile(mesh, (10, 1, 1)))
    assert np.isnan(dense[:10]).all()
    assert np.isnan(dense[20:]).all()


def test_facial_actions_and_the_head_are_kept_and_the_take_is_0_unless_given(tmp_path):
    actions, matrix = (
        np.linspace(0, 1, len(BLENDSHAPES), dtype=np.float32),
        np.arange(16, dtype=np.float32).reshape(4, 4),
    )
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
        writer.add({"frame": 0, "time_s": 0.0, "person": 0, "blendshapes": actions, "head_matrix": matrix})
        writer.add({"frame": 2, "time_s": 0.2, "person": 0, "shot": 1})
        writer.close(0.3)
    tracks = read_tracks(tmp_path / "v.parquet")
    np.testing.assert_array_equal(tracks.dense(0, "blendshapes")[0], actions)
    np.testing.assert_array_equal(tracks.dense(0, "head_matrix")[0], matrix)
    assert np.isnan(tracks.dense(0, "head_matrix")[1:]).all()
    np.testing.assert_array_equal(tracks.dense(0, "shot"), np.float32([0, np.nan, 1]))
    assert len(set(BLENDSHAPES)) == 52


def write_two_people(path, frames=40):
    random = np.random.default_rng(2)
    with TracksWriter(path, "v", RATE, 200, 100, group_rows=7) as writer:
        for frame in range(frames):
            for person in (0, 1):
                row = {
                    name: random.random(shape).astype(np.float32)
                    for name, shape in ARRAYS.items()
                    if random.random() < 0.7
                }
                writer.add({"frame": frame, "time_s": frame / RATE, "person": person, "face_score": 0.5} | row)
        writer.close(frames / RATE)


def test_opened_tracks_leave_landmarks_in_the_file_and_give_the_same(tmp_path):
    write_two_people(tmp_path / "v.parquet")
    opened, read = open_tracks(tmp_path / "v.parquet"), read_tracks(tmp_path / "v.parquet")
    assert set(SCHEMA.names) - set(opened.table.column_names) == ARRAYS.keys()
    assert (opened.persons, opened.frames) == (read.persons, read.frames)
    for person in (0, 1):
        for column in (*ARRAYS, "face_score"):
            np.testing.assert_array_equal(opened.dense(person, column), read.dense(person, column))
        low, whole = opened.reduced(person, "face", lambda face: face.min(1)), read.dense(person, "face").min(1)
        np.testing.assert_array_equal(low, whole)
    assert opened.reduced(9, "pose", lambda pose: pose[:, 0]).shape == (40, 4)


def test_damaged_landmarks_of_opened_tracks_are_refused_when_they_are_read(tmp_path):
    path = tmp_path / "v.parquet"
    write_two_people(path)
    column = pq.ParquetFile(path).metadata.row_group(3).column(SCHEMA.names.index("person_y1") + 1)
    assert column.path_in_schema.startswith("face")
    data = bytearray(path.read_bytes())
    data[(column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    opened = open_tracks(path)
    assert np.isfinite(opened.dense(0, "pose")).any()
    with pytest.raises(KinesicsError, match=r"v.parquet: not a tracks file of kinesics, or damaged"):
        opened.dense(0, "face")


def test_tracks_of_other_columns_are_refused(tmp_path):
    tracks = make_tracks(tmp_path / "v.parquet", 1, {})
    file = pq.ParquetFile(tmp_path / "v.parquet")
    for changed in (
        tracks.table.drop_columns(["blendshapes"]),
        tracks.table.set_column(
            SCHEMA.get_field_index("face"), "face", pa.nulls(len(tracks.table), pa.list_(pa.float32(), 1404))
        ),
    ):
        old = changed.replace_schema_metadata({"kinesics": file.metadata.metadata[b"kinesics"]})
        pq.write_table(old, tmp_path / "old.parquet")
        with pytest.raises(
            KinesicsError, match=r"old\.parquet: its columns are not those of this version: make it again"
        ):
            read_tracks(tmp_path / "old.parquet")


def test_invalid_rows_are_refused(tmp_path):
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
        for frame in (0, 30):
            writer.add({"frame": frame, "time_s": frame / RATE, "person": 0})
        writer.close(1.0)
    with pytest.raises(KinesicsError, match=r"v.parquet: frame 30 is not one of the 10 of a video of 1.0 s at 10.0 Hz"):
        read_tracks(tmp_path / "v.parquet")
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2) as writer:
        for _ in range(2):
            writer.add({"frame": 3, "time_s": 0.3, "person": 0})
        writer.close(1.0)
    with pytest.raises(KinesicsError, match=r"v.parquet: frame 3 has two rows of person 0"):
        read_tracks(tmp_path / "v.parquet")


def test_invalid_video_info_is_refused(tmp_path):
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 0) as writer:
        writer.close(1.0)
    with pytest.raises(KinesicsError, match=r"v.parquet: its video info is invalid: .*'height': 0"):
        read_tracks(tmp_path / "v.parquet")


def test_ids_are_remapped_and_people_without_one_left_out(tmp_path):
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2, group_rows=3) as writer:
        for frame in range(4):
            for person in (2, 5, 9):
                writer.add({"frame": frame, "time_s": frame / RATE, "person": person, "face_score": person / 10})
        writer.close(0.4)
    remap_ids(tmp_path / "v.parquet", tmp_path / "w.parquet", {2: 1, 9: 0})
    tracks = read_tracks(tmp_path / "w.parquet")
    assert (tracks.video, tracks.persons, tracks.frames) == ("v", [0, 1], 4)
    np.testing.assert_allclose(tracks.dense(0, "face_score"), 0.9)
    np.testing.assert_allclose(tracks.dense(1, "face_score"), 0.2)


@pytest.mark.parametrize("group_rows", [1, 2, 3, 5, 256])
def test_of_two_rows_of_a_person_in_a_frame_the_larger_face_stays(tmp_path, group_rows):
    with TracksWriter(tmp_path / "v.parquet", "v", RATE, 2, 2, group_rows) as writer:
        for k in range(4):
            for person, size in ((0, None), (1, 0.3), (2, 0.1 * k), (3, 0.2)):
                box = {} if size is None else dict(zip(FACE_BOX, (0, 0, size, size), strict=True))
                writer.add({"frame": k, "time_s": k / RATE, "person": person, **box})
        writer.close(0.4)
    remap_ids(tmp_path / "v.parquet", tmp_path / "w.parquet", {0: 0, 2: 0, 3: 0, 1: 5})
    tracks = read_tracks(tmp_path / "w.parquet")
    assert tracks.persons == [0, 5]
    np.testing.assert_allclose(tracks.dense(0, "face_x1"), [0.2, 0.2, 0.2, 0.3], atol=1e-6)
    np.testing.assert_allclose(tracks.dense(5, "face_x1"), 0.3, atol=1e-6)
