"""The linear probe of frozen features: clips, frames, events and boxes whose tokens give their labels."""

import json

import numpy as np
import pandas as pd
import pytest

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.structures.events import COLUMNS
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.tracks import TracksWriter, read_tracks
from kinesics_paper.datasets import base, index
from kinesics_paper.studies import linear_probe


@pytest.fixture
def learnable(tmp_path):
    """Return a function that writes the index of a benchmark whose tokens give its labels, and what scoring it needs."""

    def write(name: str, rows: list[tuple], ignored=(), tubes=None, person=0) -> tuple:
        """Rows: video, label, start, end, first number of its tokens; the second half of the videos is tested."""
        names = sorted({row[0] for row in rows})
        videos = pd.DataFrame({"video": names, "path": "x", "subject": None, "duration_s": 10.0, "rate_hz": np.nan})
        events = pd.DataFrame(
            [(row[0], 0, row[1], *row[2:4]) for row in rows], columns=["video", "person", "label", "start_s", "end_s"]
        )
        events = events.assign(family="", score=1.0, x0=np.nan, y0=np.nan, x1=np.nan, y1=np.nan)
        half = len(names) // 2
        splits = {"fold": (names[:half], names[half:])}
        left_out = pd.DataFrame(list(ignored), columns=["video", "start_s", "end_s"])
        dataset = base.AnnotatedDataset(videos.assign(start_s=0.0), events[COLUMNS], splits, tubes, left_out)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index, "read_benchmark", lambda *_: dataset)
            index.write_index(name, tmp_path, tmp_path / "index")
        for video in names:
            with TracksWriter(tmp_path / "tracks" / f"{video}.parquet", video, 5, 64, 48) as writer:
                for k in range(50):
                    box = {"person_x0": 0.1, "person_y0": 0.1, "person_x1": 0.5, "person_y1": 0.9}
                    writer.add({"frame": k, "time_s": k / 5, "person": person} | box)
                writer.close(10.0)
            times = np.arange(0, 10, 0.5)
            tokens = np.zeros((20, 2))
            for row in rows:
                if row[0] == video:
                    tokens[(times >= row[2]) & (times < row[3]), 0] = row[4]
            crop = CropFeatures(times, np.full(20, person, np.int32), tokens)
            path = tmp_path / "features" / f"{video}.safetensors"
            write_features(Features(video, "enc", 2, {"person": crop}), path)
        return tmp_path / "index", [str(tmp_path / "tracks")], [str(tmp_path / "features")]

    return write


def scored(name, files, tmp_path) -> dict:
    write_json(tmp_path / "s.json", linear_probe.evaluate(name, *files, "enc", resamples=100))
    return json.loads((tmp_path / "s.json").read_text())


def test_clips_are_classified(learnable, tmp_path):
    rows = [(f"v{n}", ("a", "b")[n % 2], 0, 10, (2.0, -2.0)[n % 2]) for n in range(8)]
    rows[7] = ("v7", "b", 0, 10, 2.0)  # looks like the other class
    scores = scored("dfew", learnable("dfew", rows), tmp_path)
    assert scores["folds"]["fold"] | {"metrics": 0} == {
        "metrics": 0,
        "n_train": 4,
        "n_test": 4,
        "classes": 2,
        "unseen": 0,
    }
    assert scores["mean"]["WAR"] == 0.75
    assert scores["mean"]["UAR"] == 0.75
    assert scores["mean"]["weighted F1"] == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-6)


def test_frames_without_a_label_are_left_out(learnable, tmp_path):
    rows = [
        (f"v{n}", label, start, start + 5, value)
        for n in range(4)
        for label, start, value in (("a", 0, 2), ("b", 5, -2))
    ]
    rows[-1] = ("v3", "b", 5, 10, 2.0)  # wrong, but not judged
    scores = scored("aff-wild2", learnable("aff-wild2", rows, ignored=[("v3", 5.0, 10.0)]), tmp_path)
    assert scores["folds"]["fold"]["instants"] == 30
    assert scores["mean"]["macro F1"] == 1.0


def test_events_are_detected_and_ambiguous_ones_are_not_judged(learnable, tmp_path):
    rows = [(f"v{n}", "a", 2, 6, 3.0) for n in range(4)]
    files = learnable("thumos14", rows)
    scores = scored("thumos14", files, tmp_path)["folds"]["fold"]
    assert scores["n_truth"] == scores["n_predicted"] == 2
    assert scores["metrics"]["f1_50"]["value"] == 1.0
    (tmp_path / "index/ignored.csv").write_text("video,start_s,end_s\nv3,1,7\n")
    assert scored("thumos14", files, tmp_path)["folds"]["fold"]["n_predicted"] == 1


def test_a_video_is_one_sequence_whatever_the_id_of_its_track(learnable, tmp_path):
    rows = [
        (f"v{n}", label, at, at + 2, value) for n in range(4) for label, at, value in (("a", 1, 3.0), ("b", 6, -3.0))
    ]
    scores = scored("ipn-hand", learnable("ipn-hand", rows, person=2), tmp_path)["folds"]["fold"]
    assert scores["metrics"]["levenshtein"]["value"] == 1.0
    assert scores["metrics"]["mean_jaccard"]["value"] > 0.8  # there are two tokens per second


def test_boxes_label_only_the_person_inside_them(learnable, tmp_path):
    rows = [(f"v{n}", "a", 2, 6, 3.0) for n in range(4)]
    box = {"x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.9}
    tubes = pd.DataFrame([{"event": n, "time_s": t} | box for n in range(4) for t in (2, 3, 4, 5)])
    scores = scored("ava", learnable("ava", rows, tubes=tubes), tmp_path)["folds"]["fold"]
    assert scores["metrics"]["f1_50"]["value"] == scores["metrics"]["frame_map_50"]["value"] == 1.0
    assert scores["metrics"]["frame_map_50"]["n"] == 8  # keyframes of two videos, though people are tracked at 5 Hz
    elsewhere = tubes.assign(x0=0.6, x1=0.9)
    scores = scored("ava", learnable("ava", rows, tubes=elsewhere), tmp_path)["folds"]["fold"]
    assert scores["n_predicted"] == 0


def test_a_video_without_features_is_named(learnable, tmp_path):
    files = learnable("dfew", [(f"v{n}", "a", 0, 10, 1.0) for n in range(4)])
    (tmp_path / "features/v2.safetensors").unlink()
    with pytest.raises(KinesicsError, match=r"v2: no tracks or features of this video of dfew"):
        linear_probe.evaluate("dfew", *files, "enc", resamples=100)


@pytest.mark.parametrize(("video", "person"), [("v", 0), ("v_left", 1), ("v_right", 0)])
def test_the_main_person_is_that_of_the_labels(tmp_path, video, person):
    with TracksWriter(tmp_path / "t.parquet", video, 5, 64, 48) as writer:
        for k in range(5):
            for one, left in ((0, 0.6), (1, 0.1)):
                box = {"person_x0": left, "person_y0": 0, "person_x1": left + 0.2, "person_y1": 1}
                writer.add({"frame": k, "time_s": k / 5, "person": one} | box)
        writer.close(1.0)
    assert linear_probe.main_person(read_tracks(tmp_path / "t.parquet"), video) == person
