"""The readers of the open data sets: miniatures of each layout with its flaws, and the data where they are there."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from support import ROOT
from support.clips import write_video
from support.open_data import (
    WRITERS,
    replace,
    write_all,
)

from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.events import COLUMNS, read_events_csv
from kinesics.structures.timegrid import hold_last, label_runs
from kinesics.structures.tracks import read_tracks
from kinesics_paper.datasets import egogestar, gpt4v_emotion, ipn_hand, mediapipe_pose_gestures, open_data, shrec2022
from kinesics_paper.datasets import uci_gesture_phase as phases
from kinesics_paper.datasets import uci_grammatical_facial_expressions as faces
from kinesics_paper.datasets.base import LabelledDataset, TimedDataset
from kinesics_paper.datasets.people import read_people
from kinesics_paper.downloads import read_downloads

MIRROR = os.environ.get("KINESICS_MIRROR")
with_mirror = pytest.mark.skipif(not MIRROR, reason="KINESICS_MIRROR is not set")
TIMED = open_data.OPEN_DATASETS[:6]


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Return a folder with a miniature of every data set, not to be changed."""
    data = tmp_path_factory.mktemp("data")
    for dataset, write in WRITERS.items():
        write(data / dataset)
    return data


@pytest.fixture(scope="session")
def written(made, tmp_path_factory) -> Path:
    """Return a folder with the tables of every miniature."""
    return write_all(made, tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Path:
    """Return a folder with the tables of every data set of the mirror."""
    return write_all(Path(MIRROR), tmp_path_factory.mktemp("open"))


@pytest.fixture
def copy(made, tmp_path):
    """Return a function from a data set to a copy of its miniature that a test may damage."""
    return lambda dataset: shutil.copytree(made / dataset, tmp_path / dataset)


def rows(events: pd.DataFrame, video: str) -> list[tuple]:
    part = events[events["video"] == video]
    return [
        (label, round(start, 3), round(end, 3)) for label, start, end in part[["label", "start_s", "end_s"]].to_numpy()
    ]


# One contract


@pytest.mark.slow
@pytest.mark.parametrize("dataset", TIMED)
def test_streams_events_and_splits_agree(made, dataset):
    reader, folder = open_data.find_open_dataset(dataset), made / dataset
    assert isinstance(reader, TimedDataset)
    streams, events = reader.read_streams(folder), reader.read_events(folder)
    assert list(streams.columns) == ["video", "subject", "duration_s"]
    assert list(events.columns) == COLUMNS
    assert streams["video"].is_unique
    assert set(events["video"]) <= set(streams["video"])
    assert set(events["label"]) <= set(reader.labels)
    assert set(events["family"]) == {"gesture"}
    ends = events.groupby("video")["end_s"].max() - streams.set_index("video")["duration_s"]
    assert not (ends > 1e-9).any()
    for train, test in reader.read_splits(folder).values():
        assert test
        assert not set(train) & set(test)
        assert set(train) | set(test) <= set(streams["video"])
    assert not reader.videos or set(reader.videos) == set(streams["video"])


@pytest.mark.parametrize("dataset", ["crema-d", "gpt4v-emotion"])
def test_data_without_time_has_labels(made, dataset):
    reader = open_data.find_open_dataset(dataset)
    assert isinstance(reader, LabelledDataset)
    table = reader.read_labels(made / dataset)
    assert list(table.columns) == ["video", "subject", "label", "family"]
    assert table["video"].is_unique
    assert set(table["label"]) <= set(reader.labels)
    assert set(table["family"]) == {"emotion"}


@pytest.mark.slow
@pytest.mark.parametrize("dataset", open_data.OPEN_DATASETS)
def test_what_is_written_is_what_is_announced(made, written, dataset):
    folder = written / dataset
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(open_data.output_names(dataset))
    if dataset in TIMED:
        reader = open_data.find_open_dataset(dataset)
        events = reader.read_events(made / dataset)
        pd.testing.assert_frame_equal(read_events_csv(folder / "events.csv"), events, atol=0.0005)
        splits = json.loads((folder / "splits.json").read_text())
        assert {fold: (part["train"], part["test"]) for fold, part in splits.items()} == reader.read_splits(
            made / dataset
        )
    for path in folder.glob("tracks/*.parquet"):
        assert read_tracks(path).video == path.stem


@pytest.mark.slow
def test_the_same_data_give_the_same_bytes(made, written, tmp_path):
    dataset = "uci-grammatical-facial-expressions"
    open_data.write_tables(dataset, made / dataset, tmp_path)
    for name in open_data.output_names(dataset):
        assert (tmp_path / name).read_bytes() == (written / dataset / name).read_bytes()


def counts(summary):
    """Return {data set: (streams, events, labels, persons)}."""
    return {name: (row["streams"], row["events"], row["labels"], row["persons"]) for name, row in summary.items()}


@pytest.mark.slow
def test_summary_of_the_miniatures(written):
    summary = {row["dataset"]: row for row in open_data.summarise(written)}
    assert list(summary) == list(open_data.OPEN_DATASETS)
    assert all(row["licence"] for row in summary.values())
    assert counts(summary) == {
        "uci-gesture-phase": (7, 14, 2, 3),
        "uci-grammatical-facial-expressions": (16, 32, 9, 2),
        "mediapipe-pose-gestures": (33, 33, 6, 11),
        "egogestar": (6, 120, 10, None),
        "shrec2022": (2, 16, 16, None),
        "ipn-hand": (2, 4, 2, 2),
        "crema-d": (None, 12, 6, 2),
        "gpt4v-emotion": (None, 19 * 12, summary["gpt4v-emotion"]["labels"], None),
    }
    assert summary["ipn-hand"]["hours"] == round(5 / 3600, 4)
    assert summary["shrec2022"]["hours"] is None


def test_an_unknown_data_set_is_answered_with_the_known_ones():
    with pytest.raises(KinesicsError, match=r"'jester' has no reader. The data sets are uci-gesture-phase, "):
        open_data.find_open_dataset("jester")


def test_every_reader_has_its_sources():
    sources = read_downloads()
    public = {name for name, files in sources.items() if files[0]["tier"] == "public"}
    assert public - set(read_people(ROOT / "annotations")["source"]) == set(open_data.OPEN_DATASETS)
    for name in open_data.OPEN_DATASETS:
        assert all(row["url"].startswith("https://raw.githubusercontent.com/") for row in sources[name])
        assert all(f"/{row['version']}/" in row["url"] for row in sources[name])


# Stamped frames


def test_runs_of_stamped_frames():
    assert label_runs(np.array(["a", "a", "b", "a"]), np.array([0, 0.1, 0.5, 0.6]), 0.7) == [
        ("a", 0.0, 0.5),
        ("b", 0.5, 0.6),
        ("a", 0.6, 0.7),
    ]


def test_a_frame_is_shown_until_the_next_but_not_for_ever():
    frames = hold_last(np.array([0.1, 0.2, 0.9]), 10, 10, hold_s=0.3)
    assert frames.tolist() == [-1, 0, 1, 1, 1, -1, -1, -1, -1, 2]


# Repaired flaws and what is written


def test_phases_over_the_turn_of_a_minute(made):
    events = phases.read_events(made / "uci-gesture-phase")
    for video in phases.VIDEOS:  # b1 with its misspelled frame and byte-order mark too
        assert rows(events, video) == [("preparation", 0.08, 0.2), ("stroke", 0.2, 0.36)]
    assert phases.read_splits(made)["b"] == (["a1", "a2", "a3", "c1", "c3"], ["b1", "b3"])


def test_phases_as_pose(made, tmp_path):
    paths = phases.write_tracks(made / "uci-gesture-phase", tmp_path)
    assert [path.stem for path in paths] == list(phases.VIDEOS)
    for path in paths:  # b3 with its other unit too
        tracks = read_tracks(path)
        assert tracks.duration_s == pytest.approx(0.4)
        pose = tracks.dense(0, "pose")
        assert len(pose) == 12
        present = np.isfinite(pose[0]).any(-1)
        assert np.flatnonzero(present).tolist() == [0, 15, 16, 19, 20]
        assert pose[0, [0, 19, 20], :2].round(4).tolist() == [[0.5, 0.25], [0.625, 0.5], [0.375, 0.5]]
        assert pose[0, 0, 2] == 0


@pytest.mark.slow
def test_faces_with_unpadded_milliseconds(made, tmp_path):
    folder = made / "uci-grammatical-facial-expressions"
    events = faces.read_events(folder)
    assert len(faces.VIDEOS) == 16
    for video in faces.VIDEOS:  # a_emphasis with its long header too
        assert rows(events, video) == [(video[2:], 0.5, 0.75), (video[2:], 1.0, 1.5)]
    assert faces.read_splits(folder)["b"][1] == [video for video in faces.VIDEOS if video[0] == "b"]
    paths = faces.write_tracks(folder, tmp_path)
    tracks = read_tracks(paths[0])
    assert tracks.dense(0, ["face_x0", "face_y1"])[0].tolist() == [0.5, np.float32(249 / 480)]
    assert tracks.table["face"].null_count == len(tracks.table)
    table = pq.read_table(tmp_path / "landmarks" / f"{faces.VIDEOS[0]}.parquet")
    points = np.array(table["points"].to_pylist()).reshape(30, 100, 3)
    assert points[0, 8].tolist() == pytest.approx([328 / 640, 0.5, 0.9])
    assert np.isnan(points[:, 7, 2]).all()
    assert np.isfinite(points[:, 8:]).all()
    assert np.allclose(table["time_s"], 0.05 * np.arange(30))


@pytest.mark.slow
def test_poses_with_zero_times_and_a_wrong_label(made, tmp_path):
    folder = made / "mediapipe-pose-gestures"
    assert len(mediapipe_pose_gestures.FILES) == 33
    assert set(mediapipe_pose_gestures.read_streams(folder)["duration_s"].round(6)) == {0.48}
    events = mediapipe_pose_gestures.read_events(folder)
    assert rows(events, "swipe_right_jonas") == [("swipe_right", 0.2, 0.32)]
    assert rows(events, "flip_table_mamad") == [("flip_table", 0.2, 0.32)]
    tracks = read_tracks(mediapipe_pose_gestures.write_tracks(folder, tmp_path, rate_hz=25)[0])
    assert tracks.frames == 12
    pose = tracks.dense(0, "pose")
    assert pose[11, 32].tolist() == pytest.approx([0.5, 0.32, -0.1, 0.1])
    assert tracks.dense(0, ["person_x0", "person_y0", "person_y1"])[3].tolist() == pytest.approx([0.5, 0, 0.24])


@pytest.mark.slow
def test_concatenated_streams(made, tmp_path):
    folder = made / "egogestar"
    plan = egogestar.plan(folder)
    assert set(plan["file"]) == {path.name for path in folder.glob("*.mp4")}
    assert "testvideo_carret_1.mp4" in set(plan["file"])
    gestures = plan[plan["label"] != egogestar.BACKGROUND]
    assert gestures["file"].is_unique
    for stream, part in plan.groupby("stream", sort=False):
        assert "concatenated" in stream
        assert (part["label"] == egogestar.BACKGROUND).tolist() == [True, False] * 20 + [True]
        assert part["start_s"].tolist() == [0.0, *part["end_s"][:-1]]
        serials = {int(name.rpartition("_")[2].removesuffix(".mp4")) for name in part["file"]}
        assert serials <= (set(range(1, 9)) if "train" in stream else set(range(9, 13)))
        assert gestures[gestures["stream"] == stream]["label"].value_counts().tolist() == [2] * 10
    assert [len(part) for part in egogestar.read_splits(folder)["serial"]] == [4, 2]
    stream = "egogestar_concatenated_test_2"
    paths = [egogestar.write_stream(folder, stream, tmp_path / f"{i}.mp4") for i in range(2)]
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert len(digests) == 1
    part = plan[plan["stream"] == stream]
    assert probe_video(paths[0]).duration_s == pytest.approx(part["end_s"].max())
    # the first and the last frame of each clip have the grey of its label
    greys = {label: 20 * k + 10 for k, label in enumerate((*egogestar.LABELS, egogestar.BACKGROUND))}
    for times in (part["start_s"] + 0.001, part["end_s"] - 0.05):
        grey = read_frame_at(paths[0], times.tolist()).mean((1, 2, 3))
        assert np.abs(grey - part["label"].map(greys)).max() < 4


def test_gestures_of_shrec(made):
    assert rows(shrec2022.read_events(made / "shrec2022"), "1")[0] == ("one", 0.0, 2.05)


def test_segments_of_ipn(made):
    folder = made / "ipn-hand"
    assert rows(ipn_hand.read_events(folder), "1CM1_1_R_#1") == [("g01", 1.0, 2.0), ("b0a", 2.0, 2.5)]
    assert ipn_hand.read_splits(folder) == {"subjects": (["1CM1_1_R_#1"], ["4CM2_7_L_#2"])}


def test_sentiment_is_a_sign(made):
    table = gpt4v_emotion.read_labels(made / "gpt4v-emotion")
    signs = table[table["video"].str.startswith("cmumosi/")]["label"]
    assert set(signs) == {"positive", "negative"}


def test_a_sample_with_two_labels_is_named(copy):
    folder = copy("gpt4v-emotion")
    replace(folder / "results/rafdb/label-gpt4v-grey.csv", "s0,Surprise", "s0,Fear")
    with pytest.raises(KinesicsError, match=r"label-gpt4v-grey.csv: sample 'rafdb/s0' has another label"):
        gpt4v_emotion.read_labels(folder)


# What is wrong is named, and nothing is half-written

DAMAGE = [
    ("uci-gesture-phase", "raw/c1_raw.csv", ",Rest", ",Pause", r"c1_raw.csv: line 2: label 'pause' is unknown"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "5759840,", "5759800,", r"c1_raw.csv: line 3: time 0.000 s is not after"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "5759840,", "5779840,", r"c1_raw.csv: line 3: timestamp 5779840 is not min"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "4,4,1.5", "4,four,1.5", r"c1_raw.csv: line 2: column 'lhy': 'four' is not"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "4,4,1.5", '4,"4,1.5', r"c1_raw.csv: line 2: column 'lhy': '\"4' is not"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "4,4,1.5", "4,inf,1.5", r"c1_raw.csv: line 2: column 'lhy': inf is not"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "4,4,1.5,", "4,4,", r"c1_raw.csv: line 2: column"),
    ("uci-gesture-phase", "raw/c1_raw.csv", ",Rest\n", ",Rest,9\n", r"c1_raw.csv: line 2: more than 20 fields"),
    ("uci-gesture-phase", "raw/c1_raw.csv", "lhx", "lhq", r"c1_raw.csv: line 1: the columns .* 'lhx' differs"),
    ("uci-gesture-phase", "raw/c1_raw.csv", None, None, r"c1_raw.csv: no such file"),
    (TIMED[1], "datapoints/b_topics.txt", "1390385453.850", "late", r"b_topics.txt: line 3: FrameId 'late' is not sec"),
    (TIMED[1], "datapoints/b_topics.txt", "320 240 900", "320 240", r"b_topics.txt: line 2: column '99z'"),
    (TIMED[1], "targets/b_topics.txt", "1", "2", r"targets/b_topics.txt: line 11: label '2' is unknown; known are 0, 1"),
    (TIMED[1], "targets/b_topics.txt", "1\n", "", r"targets/b_topics.txt: line 29: 29 labels for 30 frames"),
    (TIMED[1], "targets/b_topics.txt", None, None, r"targets/b_topics.txt: no such file"),
    (TIMED[2], "rotate_felix_gt.csv", "rotate", "rotates", r"rotate_felix_gt.csv: line 7: label 'rotates' is unknown"),
    (TIMED[2], "rotate_felix_gt.csv", "\n120,", "\n20,", r"rotate_felix_gt.csv: line 5: time 0.020 s is not after"),
    (TIMED[2], "rotate_felix_gt.csv", "-0.1,", ",", r"rotate_felix_gt.csv: line 2: column 'nose_z': nan is not a finite"),
    (TIMED[2], "rotate_felix_gt.csv", None, None, r"rotate_felix_gt.csv: no such file"),
    ("egogestar", "testvideo_up_12.mp4", None, None, r"testvideo_up_12.mp4: no such file"),
    ("shrec2022", "test_annotations_fixed.txt", "ONE", "SIX", r"fixed.txt: line 1: label 'SIX' is unknown"),
    ("ipn-hand", "trainlistall.txt", " 3 31", " 9 31", r"trainlistall.txt: line 2: label '9' is unknown"),
    ("ipn-hand", "trainlistall.txt", " 3 31", " 3 32", r"trainlistall.txt: line 2: frames 32 to 60 of .* do not follow"),
    ("ipn-hand", "trainlistall.txt", " 3 31", " 31", r"trainlistall.txt: line 2: 3 fields instead of 4"),
    ("ipn-hand", "vallistall.txt", "4CM2_7_L_#2", "1CM1_1_R_#9", r"vallistall.txt: line 1: subject 1CM1_1 is in both"),
    ("ipn-hand", "classIndAll.txt", "G01", "G99", r"classIndAll.txt: line 3: label 'G99' is unknown"),
    ("ipn-hand", "classIndAll.txt", "2 B0A", "1 B0A", r"classIndAll.txt: line 2: class '1' is no whole number, or"),
    ("ipn-hand", "vallistall.txt", None, None, r"vallistall.txt: no such file"),
    ("crema-d", "tabulatedVotes.csv", "1001_IEO_ANG_XX", "1001_IEO_JOY_XX", r"line 2: emotion 'JOY' of clip .* unknown"),
    ("crema-d", "tabulatedVotes.csv", None, None, r"tabulatedVotes.csv: no such file"),
    ("gpt4v-emotion", "results/ckplus/label-gpt4v.csv", "anger", "rage", r"label-gpt4v.csv: line 2: label 'rage' is unk"),
    ("gpt4v-emotion", "results/ckplus/label-gpt4v.csv", None, None, r"label-gpt4v.csv: no such file"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "file", "old", "new", "message"), DAMAGE)
def test_what_is_wrong_is_named(copy, tmp_path, dataset, file, old, new, message):
    folder = copy(dataset)
    if old is None:
        (folder / file).unlink()
    else:
        replace(folder / file, old, new)
    with pytest.raises(KinesicsError, match=message):
        open_data.write_tables(dataset, folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_clips_that_are_not_the_data_sets(copy, tmp_path):
    folder = copy("egogestar")
    shutil.copyfile(folder / "testvideo_up_1.mp4", folder / "testvideo_spiral_1.mp4")
    with pytest.raises(KinesicsError, match=r"testvideo_spiral_1.mp4: a clip of an unknown label"):
        egogestar.read_events(folder)
    (folder / "testvideo_spiral_1.mp4").unlink()
    write_video(folder / "testvideo_up_1.mp4", [np.zeros((48, 64, 3), np.uint8)] * 3)
    with pytest.raises(KinesicsError, match=r"testvideo_up_1.mp4: 64 x 48 pixels instead of 640 x 480"):
        egogestar.write_stream(folder, "egogestar_concatenated_train_1", tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    with pytest.raises(KinesicsError, match=r"'all' is not a stream. The streams are egogestar_concatenated_train_1, "):
        egogestar.write_stream(folder, "all", tmp_path / "out.mp4")


# The data themselves


@pytest.mark.slow
@with_mirror
def test_the_data_sets(whole):
    summary = {row["dataset"]: row for row in open_data.summarise(whole)}
    assert counts(summary) == {
        "uci-gesture-phase": (7, 330, 4, 3),
        "uci-grammatical-facial-expressions": (16, 409, 9, 2),
        "mediapipe-pose-gestures": (33, 394, 6, 11),
        "egogestar": (6, 120, 10, None),
        "shrec2022": (144, 576, 16, None),
        "ipn-hand": (200, 4214, 13, 50),
        "crema-d": (None, 7442, 6, 91),
        "gpt4v-emotion": (None, 29628, 21, None),
    }
    hours = {name: row["hours"] and round(row["hours"], 2) for name, row in summary.items()}
    assert list(hours.values()) == [0.10, 0.42, 0.44, 0.20, None, 7.41, None, None]


@pytest.mark.slow
@with_mirror
def test_the_wrist_of_jonas_moves_right():
    """The file name of swipe_right_jonas is right and its label wrong: the fastest wrist moves as in the other streams."""
    speeds = {}
    for video, _, pose, labels in mediapipe_pose_gestures.read_poses(Path(MIRROR) / "mediapipe-pose-gestures"):
        if video.startswith("swipe") and set(labels) != {"idle"}:
            steps = np.diff(pose[:, [15, 16], 0], n=1, axis=0)[labels[1:] != "idle"]
            speeds[video] = steps[np.abs(steps) > np.quantile(np.abs(steps), 0.9)].mean()
    left = [speed for video, speed in speeds.items() if video.startswith("swipe_left")]
    assert max(left) < 0
    assert speeds["swipe_right_jonas"] > 0


@pytest.mark.slow
@with_mirror
def test_phases_as_pose_lie_in_the_frame(whole):
    for path in (whole / "uci-gesture-phase/tracks").glob("*.parquet"):
        pose = read_tracks(path).dense(0, "pose")[..., :2]
        assert np.nanmin(pose) > 0
        assert np.nanmax(pose) < 1
        # the person's left hand lies on the right of the image
        assert np.nanmedian(pose[:, 19, 0]) > np.nanmedian(pose[:, 20, 0])
