"""Training from videos and annotations, and detectors after the conventions of scikit-learn."""

import pickle

import pandas as pd
import pytest
from sklearn.base import clone
from support import ROOT

import kinesics
from kinesics.api import training
from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import detector_of
from kinesics.structures.events import BOX, check_events
from kinesics.structures.tracks import Tracks, TracksWriter, read_tracks

DATA = {"data": ROOT / "data"}


@pytest.fixture
def truth() -> kinesics.Events:
    """Return an annotation of the shortest real clip, by an annotator who numbers people from 1."""
    row = {"video": "single_face", "person": 1, "label": "happy", "start_s": 0.5, "end_s": 2.0}
    return kinesics.Events(pd.DataFrame([row]))


@pytest.fixture
def tracks(tmp_path) -> Tracks:
    """Return tracks of two people, 0 on the left and 1 on the right."""
    with TracksWriter(tmp_path / "tracks.parquet", "v", 10, 100, 100) as writer:
        for frame in range(20):
            for person, x in ((0, 0.1), (1, 0.6)):
                box = {f"face_{side}": value for side, value in zip(BOX, (x, 0.1, x + 0.3, 0.4), strict=True)}
                writer.add({"frame": frame, "time_s": frame / 10, "person": person, **box})
        writer.close(2.0)
    return read_tracks(tmp_path / "tracks.parquet")


@pytest.mark.slow
def test_a_detector_is_fitted_and_applied(clip, truth, tmp_path):
    video, cache = clip("single_face"), tmp_path / "cache"
    detector = kinesics.Detector("chance", cache=cache, **DATA)
    assert not [name for name in vars(detector) if name.endswith("_")]
    assert detector.fit([video], truth) is detector
    (kept,) = cache.iterdir()
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    events = detector.predict(video)
    assert set(events["label"]) <= {"happy"}
    detector.save(tmp_path / "model.safetensors")
    assert detector_of(tmp_path / "model.safetensors") == "chance"
    arguments = [
        "train",
        str(video),
        "--truth",
        str(tmp_path / "truth.csv"),
        "--detector",
        "chance",
        "--cache",
        str(cache),
    ]
    kinesics.write_events(truth, tmp_path / "truth.csv")
    assert main([*arguments, "--data", str(DATA["data"]), "--out", str(tmp_path / "again.safetensors")]) == 0
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before  # the video was tracked once
    copy = pickle.loads(pickle.dumps(detector))
    pd.testing.assert_frame_equal(copy.predict(video), events)
    loaded = kinesics.Detector(model=tmp_path / "model.safetensors", **DATA)
    pd.testing.assert_frame_equal(loaded.predict(video), events)


def test_parameters_follow_scikit_learn():
    detector = kinesics.Detector("linear", options={"steps": 10}, min_score=0.5)
    assert clone(detector).get_params() == detector.get_params()
    assert repr(detector) == "Detector(detector='linear', options={'steps': 10}, min_score=0.5)"
    assert detector.set_params(seed=3).seed == 3
    with pytest.raises(ValueError, match=r"'magic' is not a parameter\. The parameters are detector, model"):
        detector.set_params(magic=1)
    with pytest.raises(KinesicsError, match="is not fitted: call fit"):
        detector.predict("talk.mp4")
    with pytest.raises(KinesicsError, match="is not fitted: there is nothing to save"):
        detector.save("model.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give training videos, --truth and --detector, or a --config"),
        (["text.mp4", "--truth", "t.csv", "--detector", "rules"], "'rules' is not a detector that learns. They are"),
        (["text.mp4", "a/text.mp4", "--truth", "t.csv", "--detector", "linear"], "two videos are called 'text'"),
        (["text.mp4", "--truth", "t.csv", "--detector", "linear"], "t.csv: no such file"),
        (["text.mp4", "--config", "c.yaml"], "--config names the files"),
    ],
)
def test_what_is_wrong_is_refused_before_the_work(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("not a video")
    assert main(["train", *arguments, "--out", "m.safetensors", "--data", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_annotations_of_other_videos_are_refused(clip, truth, tmp_path):
    other = kinesics.Events(truth.table.assign(video="lecture"))
    with pytest.raises(KinesicsError, match="events: has no event of single_face: `video` is a file's name"):
        kinesics.train([clip("single_face")], [other], tmp_path / "m.safetensors", detector="chance", **DATA)


def events(rows: list[tuple]) -> pd.DataFrame:
    return check_events(pd.DataFrame(rows, columns=["person", "label", "start_s", "end_s"]).assign(video="v"))


def test_persons_are_matched_by_boxes_where_there_are_some(tracks):
    rows = [(7, "happy", 0.2, 1.0, 0.6, 0.1, 0.9, 0.4), (9, "happy", 0.2, 1.0, 0.1, 0.1, 0.4, 0.4)]
    rows += [(8, "sad", 0.2, 1.0, 0.0, 0.8, 0.1, 0.9)]  # somebody who was not tracked
    table = pd.DataFrame(rows, columns=["person", "label", "start_s", "end_s", *BOX]).assign(video="v")
    lines = []
    aligned = training.align_persons(check_events(table), [tracks], "coded.csv", lines.append)
    assert dict(zip(aligned["x0"], aligned["person"], strict=True)) == {0.6: 1, 0.1: 0, 0.0: 2}
    assert lines == ["coded.csv: 1 of 3 people of 'v' were not tracked"]


def test_persons_without_boxes(tracks):
    alone = training.align_persons(events([(5, "happy", 0, 1)]), [tracks])
    assert alone["person"].tolist() == [0]
    both = training.align_persons(events([(0, "happy", 0, 1), (1, "sad", 0, 1)]), [tracks])
    assert sorted(both["person"]) == [0, 1]
    with pytest.raises(KinesicsError, match="person 4 of 'v' is none of the tracked ones, 0, 1: number people as"):
        training.align_persons(events([(0, "happy", 0, 1), (4, "sad", 0, 1)]), [tracks], "coded.csv")
