"""The readers of the benchmarks of the full tier: each official layout in miniature, and what the error of a fault tells."""

import shutil
from functools import cache

import numpy as np
import pandas as pd
import pytest
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics.structures.events import COLUMNS, TUBE_COLUMNS
from kinesics_paper.datasets import base, index

#: Benchmark: number of videos, events (video, person, label, start, end) of one or two of them, and the sizes of the folds.
WANTED = {
    "dfew": (3, [("00003", 0, "fear", 0, 1), ("1", 0, "happy", 0, 1)], {f"fd{fold}": (2, 1) for fold in "12345"}),
    "ferv39k": (3, [("War_Fear_0001", 0, "fear", 0, 1)], {"all": (2, 1)}),
    "mafw": (3, [("00002", 0, "helplessness", 0, 1)], {f"set_{fold}": (2, 1) for fold in "12345"}),
    "mer2023": (5, [("test_1", 0, "sad", 0, 1)], {"test1": (2, 1), "test2": (2, 1), "test3": (2, 1)}),
    "mer2025": (10, [("samplenew_3", 0, "sad", 0, 1)], {f"fold_{fold}": (8, 2) for fold in "12345"}),
    "meld": (4, [("dev_dia0_utt0", 0, "neutral", 0, 1), ("test_dia0_utt0", 0, "anger", 0, 1)], {"test": (3, 1)}),
    "ravdess": (360, [("01-01-08-02-01-02-03", 0, "surprised", 0, 1)], {f"fold_{n}": (300, 60) for n in range(1, 7)}),
    "crema-d": (12, [("1002_IEO_HAP_XX", 0, "happy", 0, 1)], None),
    "aff-wild2": (
        2,
        [
            ("1-30-1280x720", 0, "neutral", 0, 0.4),
            ("1-30-1280x720", 0, "happiness", 0.6, 1),
            ("video59_right", 0, "anger", 0, 1),
        ],
        {"validation": (1, 1)},
    ),
    "ipn-hand": (2, [("4CM2_7_L_#2", 0, "g01", 1, 2), ("4CM2_7_L_#2", 0, "b0a", 2, 2.5)], {"subjects": (1, 1)}),
    "imigue": (2, [("0001", 0, "mg_01", 0, 0.5), ("0001", 0, "mg_99", 0.6, 1)], {"validate": (1, 1)}),
    "smg": (2, [("Sample0036", 0, "mg_02", 0, 0.5), ("Sample0036", 0, "mg_17", 0.5, 1)], {"subjects": (1, 1)}),
    "jester": (3, [("9223", 0, "swiping_left", 0, 25 / 12)], {"validation": (2, 1)}),
    "congd": (3, [("valid_001_00001", 0, "gesture_080", 0.2, 0.7)], {"valid": (2, 1)}),
    "thumos14": (4, [("video_validation_0000002", 0, "diving", 0.2, 0.7)], {"test": (2, 2)}),
    "fineaction": (2, [("v_1", 0, "cut_hair", 0.1, 0.6), ("v_2", 0, "cut_hair", 0.5, 1)], {"validation": (1, 1)}),
    "ava": (
        2,
        [
            ("film_a", 0, "stand", 1.5, 3.5),
            ("film_a", 0, "stand", 4.5, 5.5),
            ("film_b", 7, "bend_bow_at_the_waist", 49.5, 50.5),
        ],
        {"val": (1, 1)},
    ),
    "ucf101-24": (2, [("v_Skijet_g08_c01", 0, "skijet", 0.2, 0.6)], {"split_1": (1, 1)}),
}
IGNORED = {
    "aff-wild2": [("1-30-1280x720", 0.4, 0.6)],
    "thumos14": [("video_test_0000002", 0.8, 0.9), ("video_validation_0000002", 0.8, 0.9)],
    "ava": [("film_b", 59.5, 60.5)],
}


@pytest.fixture(scope="module")
def read(benchmarks):
    """Return a function from the name of a benchmark to its miniature as it is read."""
    return cache(lambda name: base.read_benchmark(name, benchmarks / name))


@pytest.fixture
def copy(benchmarks, tmp_path):
    """Return a function from a benchmark to a copy of its miniature that a test may damage."""
    return lambda name: shutil.copytree(benchmarks / name, tmp_path / name)


# One contract


def test_every_benchmark_is_tested_and_has_its_reader():
    assert list(WANTED) == list(base.BENCHMARKS)
    for name, row in base.BENCHMARKS.items():
        assert (ROOT / base.reader_file(name)).is_file()
        benchmark = base.find_benchmark(name)
        assert isinstance(benchmark, base.Benchmark)
        assert (benchmark.downloads is not None) == (row["fetch"] == "yes")


@pytest.mark.parametrize("name", WANTED)
def test_the_official_layout_is_read(benchmarks, read, name):
    count, events, folds = WANTED[name]
    dataset = read(name)
    assert list(dataset.videos.columns) == ["video", "path", "subject", "duration_s", "rate_hz", "start_s"]
    assert len(dataset.videos) == count
    assert dataset.videos["video"].is_unique
    assert all((benchmarks / name / path).exists() for path in dataset.videos["path"])
    assert list(dataset.events.columns) == COLUMNS
    assert (dataset.events["score"] == 1).all()
    events_read = dataset.events[dataset.events["video"].isin({event[0] for event in events})]
    rows = events_read[["video", "person", "label", "start_s", "end_s"]].round(9).itertuples(index=False, name=None)
    wanted = [(*event[:3], *(round(float(time), 9) for time in event[3:])) for event in events]
    assert list(rows) == wanted
    labels = base.find_benchmark(name).labels
    assert labels is None or set(dataset.events["label"]) <= set(labels)
    assert (labels is None) == (name in ("jester", "fineaction", "ava"))  # whose annotation lists them
    sizes = {fold: (len(train), len(test)) for fold, (train, test) in dataset.splits.items()}
    assert sizes == (folds or {f"fold_{n}": sizes[f"fold_{n}"] for n in range(1, 6)})
    for train, test in dataset.splits.values():
        assert not set(train) & set(test)
        assert set(train) | set(test) <= set(dataset.videos["video"])
    assert [tuple(row) for row in dataset.ignored.round(9).to_numpy()] == IGNORED.get(name, [])
    assert (dataset.tubes is not None) == (base.BENCHMARKS[name]["level"] == "box")


def test_tubes_are_those_of_their_events(read):
    dataset = read("ava")
    assert list(dataset.tubes.columns) == TUBE_COLUMNS
    assert dataset.tubes[["event", "time_s"]].to_numpy().tolist() == [[0, 2], [0, 3], [1, 5], [2, 50]]
    assert dataset.events[["x0", "y1"]].iloc[0].tolist() == [0.1, 0.8]
    dataset = read("ucf101-24")
    assert dataset.tubes["time_s"][dataset.tubes["event"] == 1].round(9).tolist() == [0.2, 0.3, 0.4, 0.5]
    assert np.allclose(dataset.tubes[["x0", "y0", "x1", "y1"]], [0.1, 0.1, 0.6, 0.6])


def test_folds_leave_out_every_subject_once(read):
    for name in ("ravdess", "crema-d"):
        dataset = read(name)
        subject = dataset.videos.set_index("video")["subject"]
        tested = [video for _, test in dataset.splits.values() for video in test]
        assert sorted(tested) == sorted(subject.index)
        for train, test in dataset.splits.values():
            assert not set(subject[train]) & set(subject[test])


def test_the_index_is_what_was_read(benchmarks, tmp_path):
    index.write_index("ava", benchmarks / "ava", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(base.INDEX)
    read, loaded = base.read_benchmark("ava", benchmarks / "ava"), index.load_index(tmp_path)
    pd.testing.assert_frame_equal(loaded.events, read.events, check_exact=False, atol=1e-3)
    assert loaded.splits == read.splits
    assert np.allclose(loaded.tubes, read.tubes)
    assert loaded.videos["start_s"].tolist() == [900, 900]
    assert index.is_ignored(loaded, "film_b", [59, 60, 61]).tolist() == [False, True, False]
    with pytest.raises(KinesicsError, match=r"videos.csv: no such file; index the data set first"):
        index.load_index(tmp_path / "nothing")


# What is wrong is named, with what to sign and where to unpack

DAMAGE = [
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "3,8", "line 2: label '8' is unknown"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "label", "emotion", "line 1: column 'label' is missing"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "9,7", "line 2: names Clip/original/9.mp4, but"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "1,1",
     "fold fd2: 1 is in the training part and in the test part"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "1,2", "line 2: 1 is 'sad' here and 'happy' els"),
    ("ferv39k", "4_setups/All_scenes/test_All.csv", " Happy", "", "test_All.csv: line 1: 1 fields instead of 2"),
    ("mafw", "split/single/no_caption/set_1/test.txt", "contempt", "joy", "test.txt: line 1: label 'joy' is unknown"),
    ("mer2023", "test-labels/test2-label.csv", None, None, "test2-label.csv: no such file"),
    ("mer2025", "track1_train_disdim.csv", "_3,sad", "_3,glad", "line 5: label 'glad' is unknown"),
    ("meld", "MELD.Raw/test_sent_emo.csv", "anger", "rage", "test_sent_emo.csv: line 2: label 'rage' is unknown"),
    ("ravdess", "Actor_01/01-01-01-01-01-01-01.mp4", None, None, "names Actor_01/01-01-01-01-01-01-01.mp4, but there is"),
    ("crema-d", "tabulatedVotes.csv", "1001_IEO_ANG_XX", "1001_IEO_JOY_XX", "line 2: emotion 'JOY' of clip"),
    ("aff-wild2", "6th ABAW Annotations/EXPR_Recognition_Challenge/Validation_Set/video59_right.txt", "\n1\n", "\n9\n",
     "video59_right.txt: line 2: '9' is not -1 or the number of a label"),
    ("aff-wild2", "batch2/video59.avi", None, None, "video59_right.txt: names batch1/video59.mp4, but there is no"),
    ("ipn-hand", "videos/4CM2_7_L_#2.avi", None, None, "names videos/4CM2_7_L_#2.avi, but there is no"),
    ("imigue", "imigue_skeleton_train/0001/0001_label.csv", "1,0,4", "40,0,4", "line 1: class 40 is unknown"),
    ("smg", "Sample0036/Sample0036_finelabels.csv", "2,1,5", "2,5,1", "line 1: frames 5 to 1 are not a segment"),
    ("smg", "Sample0036/Sample0036_finelabels.csv", None, None, "no file of segments of the test set"),
    ("jester", "jester-v1-validation.csv", "Swiping Left", "Swiping Back", "line 1: label 'Swiping Back' is unknown"),
    ("congd", "ConGD_labels/valid.txt", "3,7:80", "3,7:250", "valid.txt: line 1: '3,7:250' is not <first frame>"),
    ("thumos14", "TH14_Temporal_annotations_validation/annotation/Diving_val.txt", "0.20", "0.9", "line 1: 0.9 to 0.70 s"),
    ("fineaction", "annotations_gt.json", '"segment"', '"span"', "video v_1: not an entry of ActivityNet's form"),
    ("fineaction", "annotations_gt.json", '{"version"', '"version"', "annotations_gt.json: not JSON"),
    ("ava", "ava_train_v2.2.csv", "film_a,0902,0.1", "film_a,0902,1.1", "line 1: second 0902 or box 1.1,0.2,0.5,0.8 is out"),
    ("ucf101-24", "finalAnnots.mat", None, None, "finalAnnots.mat: no such file"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file", "old", "new", "message"), DAMAGE)
def test_what_is_wrong_is_named(copy, name, file, old, new, message):
    folder = copy(name)
    if old is None:
        (folder / file).unlink()
    else:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KinesicsError) as error:
        base.read_benchmark(name, folder)
    text, row = str(error.value), base.BENCHMARKS[name]
    assert message in text
    assert "\n" not in text
    assert row["url"] in text
    assert row["fetch"] == "yes" or (row["sign"] in text and f"unpack into {folder}: {row['unpack']}" in text)


def test_an_unknown_benchmark_is_answered_with_the_known_ones():
    with pytest.raises(KinesicsError, match=r"'kinetics' is not a benchmark. The benchmarks are dfew, ferv39k, "):
        base.read_benchmark("kinetics", "folder")
