"""The benchmarks of the full tier: each official layout in miniature, what is said if it is not there, and the download."""

import http.server
import json
import shutil
import tarfile
import threading
import zipfile
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from support.clips import numbered, write_video
from support.corpus_layouts import write_corpus
from support.miniature import write_crema_d

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.events import COLUMNS, TUBE_COLUMNS
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.tracks import TracksWriter, read_tracks
from kinesics_paper.datasets import base, download, index, ravdess
from kinesics_paper.studies import linear_probe, shards

#: Corpus: number of videos, events (video, person, label, start, end) of one or two of them, and the sizes of the folds.
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
def made(tmp_path_factory):
    """Return a folder with a miniature of every corpus, not to be changed."""
    folder = tmp_path_factory.mktemp("corpora")
    clip, picture = write_video(folder / "clip.mp4", numbered(10)), folder / "picture.jpg"
    cv2.imwrite(str(picture), np.full((48, 64, 3), 90, np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ravdess, "ACTORS", ravdess.ACTORS[:6])
        for name in base.BENCHMARKS:
            write_corpus(name, folder / name, clip, picture)
        yield folder


@pytest.fixture(scope="module")
def read(made):
    """Return a function from the name of a corpus to its miniature as it is read."""
    return cache(lambda name: base.read_benchmark(name, made / name))


@pytest.fixture
def copy(made, tmp_path):
    """Return a function from a corpus to a copy of its miniature that a test may damage."""
    return lambda name: shutil.copytree(made / name, tmp_path / name)


# One contract


def test_every_corpus_is_tested():
    assert list(WANTED) == list(base.BENCHMARKS)
    for name in base.BENCHMARKS:
        assert Path(base.find_reader(name).__file__).name == Path(base.reader_file(name)).name


@pytest.mark.parametrize("name", WANTED)
def test_the_official_layout_is_read(made, read, name):
    count, events, folds = WANTED[name]
    corpus = read(name)
    assert list(corpus.videos.columns) == ["video", "path", "subject", "duration_s", "rate_hz", "start_s"]
    assert len(corpus.videos) == count
    assert corpus.videos["video"].is_unique
    assert all((made / name / path).exists() for path in corpus.videos["path"])
    assert list(corpus.events.columns) == COLUMNS
    assert (corpus.events["score"] == 1).all()
    found = corpus.events[corpus.events["video"].isin({event[0] for event in events})]
    rows = found[["video", "person", "label", "start_s", "end_s"]].round(9).itertuples(index=False, name=None)
    wanted = [(*event[:3], *(round(float(time), 9) for time in event[3:])) for event in events]
    assert list(rows) == wanted
    assert set(corpus.events["label"]) <= set(getattr(base.find_reader(name), "LABELS", corpus.events["label"]))
    sizes = {fold: (len(train), len(test)) for fold, (train, test) in corpus.splits.items()}
    assert sizes == (folds or {f"fold_{n}": sizes[f"fold_{n}"] for n in range(1, 6)})
    for train, test in corpus.splits.values():
        assert not set(train) & set(test)
        assert set(train) | set(test) <= set(corpus.videos["video"])
    assert [tuple(row) for row in corpus.ignored.round(9).to_numpy()] == IGNORED.get(name, [])
    assert (corpus.tubes is not None) == (base.BENCHMARKS[name]["level"] == "box")


def test_tubes_are_those_of_their_events(read):
    corpus = read("ava")
    assert list(corpus.tubes.columns) == TUBE_COLUMNS
    assert corpus.tubes[["event", "time_s"]].to_numpy().tolist() == [[0, 2], [0, 3], [1, 5], [2, 50]]
    assert corpus.events[["x0", "y1"]].iloc[0].tolist() == [0.1, 0.8]
    corpus = read("ucf101-24")
    assert corpus.tubes["time_s"][corpus.tubes["event"] == 1].round(9).tolist() == [0.2, 0.3, 0.4, 0.5]
    assert np.allclose(corpus.tubes[["x0", "y0", "x1", "y1"]], [0.1, 0.1, 0.6, 0.6])


def test_folds_leave_out_every_subject_once(read):
    for name in ("ravdess", "crema-d"):
        corpus = read(name)
        subject = corpus.videos.set_index("video")["subject"]
        tested = [video for _, test in corpus.splits.values() for video in test]
        assert sorted(tested) == sorted(subject.index)
        for train, test in corpus.splits.values():
            assert not set(subject[train]) & set(subject[test])


def test_the_index_is_what_was_read(made, tmp_path):
    index.write_index("ava", made / "ava", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(base.INDEX)
    read, loaded = base.read_benchmark("ava", made / "ava"), index.load_index(tmp_path)
    pd.testing.assert_frame_equal(loaded.events, read.events, check_exact=False, atol=1e-3)
    assert loaded.splits == read.splits
    assert np.allclose(loaded.tubes, read.tubes)
    assert loaded.videos["start_s"].tolist() == [900, 900]
    assert index.left_out(loaded, "film_b", [59, 60, 61]).tolist() == [False, True, False]
    with pytest.raises(KinesicsError, match=r"videos.csv: no such file; index the corpus first"):
        index.load_index(tmp_path / "nothing")


# What is wrong is named, with what to sign and where to unpack

DAMAGE = [
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "3,8", "line 2: label '8' is unknown"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "label", "emotion", "line 1: column 'label' is missing"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "9,7", "line 2: names Clip/original/9.mp4, but"),
    ("dfew", "EmoLabel_DataSplit/test(single-labeled)/set_2.csv", "3,7", "1,1", "fold fd2: 1 is to learn from and to test"),
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
    said, had = str(error.value), base.BENCHMARKS[name]
    assert message in said
    assert "\n" not in said
    assert had["url"] in said
    assert had["fetch"] == "yes" or (had["sign"] in said and f"unpack into {folder}: {had['unpack']}" in said)


def test_an_unknown_corpus_is_answered_with_the_known_ones():
    with pytest.raises(KinesicsError, match=r"'kinetics' is not a corpus. The corpora are dfew, ferv39k, "):
        base.read_benchmark("kinetics", "folder")


# The download


@pytest.fixture
def server(tmp_path):
    """Serve a folder on this machine; return the folder and a function that gets a URL by its file name from there."""
    root = tmp_path / "origin"
    root.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=root)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()

        def get(url: str, path: Path) -> str:
            asked.append(url)
            name = url.partition("?")[0].rpartition("/")[2]
            return download.get(f"http://127.0.0.1:{served.server_port}/{name}", path)

        asked = get.asked = []
        yield root, get
        served.shutdown()


def test_an_archive_and_the_archives_in_it_are_unpacked(made, server, tmp_path):
    root, get = server
    inner = tmp_path / "test.tar.gz"
    with tarfile.open(inner, "w:gz") as archive:
        archive.add(made / "meld/MELD.Raw/test", "test")
    with tarfile.open(root / "MELD.Raw.tar.gz", "w:gz") as archive:
        archive.add(inner, "MELD.Raw/test.tar.gz")
        for part in ("train", "dev", "dev_sent_emo.csv", "test_sent_emo.csv"):
            archive.add(made / "meld/MELD.Raw" / part, f"MELD.Raw/{part}")
    folder = tmp_path / "meld"
    sums = download.fetch("meld", folder, get)
    assert len(base.read_benchmark("meld", folder).videos) == 4
    assert not list(folder.rglob("*.tar.gz"))
    assert download.read_sums(sums) == {"MELD.Raw.tar.gz": download.sha256(root / "MELD.Raw.tar.gz")}
    download.fetch("meld", folder, get)
    assert len(get.asked) == 1


def test_what_the_annotation_lists_is_fetched_after_it(made, server, tmp_path):
    root, get = server
    write_crema_d(root)
    clips = sorted((made / "crema-d/VideoFlash").iterdir())
    for clip in clips[:-1]:
        shutil.copyfile(clip, root / clip.name)
    folder = tmp_path / "crema-d"
    with pytest.raises(
        KinesicsError, match=rf"'crema-d' cannot be reached: tried 3 times https://.*/{clips[-1].name}; .*404"
    ):
        download.fetch("crema-d", folder, get)
    shutil.copyfile(clips[-1], root / clips[-1].name)
    asked = len(get.asked)
    sums = download.fetch("crema-d", folder, get)
    assert len(get.asked) == asked + 1
    assert len(download.read_sums(sums)) == 1 + len(clips)
    assert len(base.read_benchmark("crema-d", folder).videos) == len(clips)
    (folder / "VideoFlash" / clips[0].name).unlink()
    (root / clips[0].name).write_bytes(b"another clip")
    with pytest.raises(
        KinesicsError, match=rf"{clips[0].name}: its SHA-256 is [0-9a-f]+, but was [0-9a-f]+ when it was first"
    ):
        download.fetch("crema-d", folder, get)
    assert not (folder / "VideoFlash" / clips[0].name).exists()


def test_an_archive_that_is_none_and_a_corpus_that_is_placed(server, tmp_path):
    root, get = server
    (root / "MELD.Raw.tar.gz").write_bytes(b"no archive")
    with pytest.raises(KinesicsError, match=r"MELD.Raw.tar.gz: cannot be unpacked"):
        download.fetch("meld", tmp_path / "meld", get)
    with pytest.raises(KinesicsError, match=r"dfew is not downloaded, but placed by hand"):
        download.fetch("dfew", tmp_path / "dfew", get)
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../outside.txt", "x")
    download._unpack(tmp_path / "out.zip", tmp_path / "inside")
    assert not (tmp_path / "outside.txt").exists()


def test_every_open_corpus_names_its_downloads(made):
    for name, had in base.BENCHMARKS.items():
        if had["fetch"] == "yes":
            found = list(base.find_reader(name).downloads(made / name))
            assert found
            assert all(url.startswith("https://") and not place.startswith("/") for url, place in found)
    assert len(list(ravdess.downloads(made))) == len(ravdess.ACTORS)


# Shards


def test_shards_are_known_before_the_data_and_hold_every_video_once():
    assert base.shard_count("fineaction", 4) > base.shard_count("ravdess", 4) == 1
    videos = [f"v{number}" for number in range(10)]
    parts = [base.shard_videos(videos, number, 3) for number in range(3)]
    assert sorted(video for part in parts for video in part) == videos
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_pictures_and_parts_of_films_become_videos(made, tmp_path):
    index.write_index("jester", made / "jester", tmp_path / "jester")
    paths = shards.track_shard(
        tmp_path / "jester", 0, 2, tmp_path, tmp_path / "tracks", see="frame", rate_hz=6, max_people=1
    )
    assert [path.stem for path in paths] == ["34870", "9223"]
    tracks = read_tracks(paths[0])
    assert tracks.duration_s == pytest.approx(25 / 12, abs=0.01)
    assert tracks.dense(0, ["person_x0", "person_y1"])[5].tolist() == [0, 1]
    film = write_video(tmp_path / "film.mp4", numbered(20))
    row = pd.Series({"path": str(film), "start_s": 0.5, "duration_s": 1.0, "rate_hz": np.nan})
    with shards._opened(row) as part:
        assert probe_video(part).duration_s == pytest.approx(1.0)
        seen = read_frame_at(part, [0.05, 0.95])[:, 30, 40].mean(1)
    assert np.abs(seen - [10 + 8 * 5, 10 + 8 * 14]).max() < 3


# Scores


@pytest.fixture
def learnable(tmp_path):
    """Return a function that writes the index of a corpus with tokens that tell its labels; what it needs to be scored."""

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
        corpus = base.AnnotatedDataset(videos.assign(start_s=0.0), events[COLUMNS], splits, tubes, left_out)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index, "read_benchmark", lambda *_: corpus)
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


def scored(name, made, tmp_path) -> dict:
    write_json(tmp_path / "s.json", linear_probe.evaluate(name, *made, "enc", resamples=100))
    return json.loads((tmp_path / "s.json").read_text())


def test_clips_are_classified(learnable, tmp_path):
    rows = [(f"v{n}", ("a", "b")[n % 2], 0, 10, (2.0, -2.0)[n % 2]) for n in range(8)]
    rows[7] = ("v7", "b", 0, 10, 2.0)  # looks like the other class
    found = scored("dfew", learnable("dfew", rows), tmp_path)
    assert found["folds"]["fold"] | {"metrics": 0} == {
        "metrics": 0,
        "n_train": 4,
        "n_test": 4,
        "classes": 2,
        "unseen": 0,
    }
    assert found["mean"]["WAR"] == 0.75
    assert found["mean"]["UAR"] == 0.75
    assert found["mean"]["weighted F1"] == pytest.approx((0.8 + 2 / 3) / 2, abs=1e-6)


def test_frames_without_a_label_are_left_out(learnable, tmp_path):
    rows = [
        (f"v{n}", label, start, start + 5, value)
        for n in range(4)
        for label, start, value in (("a", 0, 2), ("b", 5, -2))
    ]
    rows[-1] = ("v3", "b", 5, 10, 2.0)  # wrong, but not judged
    found = scored("aff-wild2", learnable("aff-wild2", rows, ignored=[("v3", 5.0, 10.0)]), tmp_path)
    assert found["folds"]["fold"]["instants"] == 30
    assert found["mean"]["macro F1"] == 1.0


def test_events_are_detected_and_ambiguous_ones_are_not_judged(learnable, tmp_path):
    rows = [(f"v{n}", "a", 2, 6, 3.0) for n in range(4)]
    made = learnable("thumos14", rows)
    found = scored("thumos14", made, tmp_path)["folds"]["fold"]
    assert found["n_truth"] == found["n_predicted"] == 2
    assert found["metrics"]["f1_50"]["value"] == 1.0
    (tmp_path / "index/ignored.csv").write_text("video,start_s,end_s\nv3,1,7\n")
    assert scored("thumos14", made, tmp_path)["folds"]["fold"]["n_predicted"] == 1


def test_a_video_is_one_sequence_whoever_the_tracker_says_it_is(learnable, tmp_path):
    rows = [
        (f"v{n}", label, at, at + 2, value) for n in range(4) for label, at, value in (("a", 1, 3.0), ("b", 6, -3.0))
    ]
    found = scored("ipn-hand", learnable("ipn-hand", rows, person=2), tmp_path)["folds"]["fold"]
    assert found["metrics"]["levenshtein"]["value"] == 1.0
    assert found["metrics"]["mean_jaccard"]["value"] > 0.8  # probes look twice a second


def test_boxes_teach_only_who_stands_in_them(learnable, tmp_path):
    rows = [(f"v{n}", "a", 2, 6, 3.0) for n in range(4)]
    box = {"x0": 0.1, "y0": 0.1, "x1": 0.5, "y1": 0.9}
    tubes = pd.DataFrame([{"event": n, "time_s": t} | box for n in range(4) for t in (2, 3, 4, 5)])
    found = scored("ava", learnable("ava", rows, tubes=tubes), tmp_path)["folds"]["fold"]
    assert found["metrics"]["f1_50"]["value"] == found["metrics"]["frame_map_50"]["value"] == 1.0
    assert found["metrics"]["frame_map_50"]["n"] == 8  # keyframes of two videos, though people are tracked at 5 Hz
    elsewhere = tubes.assign(x0=0.6, x1=0.9)
    found = scored("ava", learnable("ava", rows, tubes=elsewhere), tmp_path)["folds"]["fold"]
    assert found["n_predicted"] == 0


def test_a_video_without_features_is_named(learnable, tmp_path):
    made = learnable("dfew", [(f"v{n}", "a", 0, 10, 1.0) for n in range(4)])
    (tmp_path / "features/v2.safetensors").unlink()
    with pytest.raises(KinesicsError, match=r"v2: no tracks or features of this video of dfew"):
        linear_probe.evaluate("dfew", *made, "enc", resamples=100)


@pytest.mark.parametrize(("video", "person"), [("v", 0), ("v_left", 1), ("v_right", 0)])
def test_whom_the_labels_are_about(tmp_path, video, person):
    with TracksWriter(tmp_path / "t.parquet", video, 5, 64, 48) as writer:
        for k in range(5):
            for one, left in ((0, 0.6), (1, 0.1)):
                box = {"person_x0": left, "person_y0": 0, "person_x1": left + 0.2, "person_y1": 1}
                writer.add({"frame": k, "time_s": k / 5, "person": one} | box)
        writer.close(1.0)
    assert linear_probe.main_person(read_tracks(tmp_path / "t.parquet"), video) == person
