"""The annotated clips: who is in them, what was coded, the folds, and the numbers that are published of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics.structures.events import BOX
from kinesics.structures.features import CropFeatures, Features, write_features
from kinesics.structures.tracks import ARRAYS, FACE_BOX, PERSON_BOX, Tracks, TracksWriter, read_tracks
from kinesics_paper.datasets import people, people_tracks
from kinesics_paper.downloads import read_downloads
from kinesics_paper.studies.published_tracks import compare

ANNOTATIONS = ROOT / "annotations"
HEADER = "clip,person,person_id,source,tier,seconds,sound\n"
EVENTS = "clip,person,label,start_s,end_s,confidence,x0,y0,x1,y1,note\n"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return people.read_people(ANNOTATIONS)


def test_the_clips_and_people_are_those_of_the_readme(table):
    assert (table["clip"].nunique(), table["person_id"].nunique()) == (54, 32)
    tiers = table.groupby("tier")["person_id"].nunique().to_dict()
    assert tiers == {"embedded": 11, "public": 22}  # one man is in both
    assert sum(people.durations(table).values()) == pytest.approx(506.9, abs=0.05)


def test_every_clip_is_a_file_of_its_own_of_the_tables_of_downloads(table, monkeypatch):
    monkeypatch.chdir(ROOT)
    sources = read_downloads()
    rows = {clip: people.clip_download(clip, sources, table) for clip in set(table["clip"])}
    assert len({row["sha256"] for row in rows.values()}) == 54
    assert all(rows[row.clip]["tier"] == row.tier for row in table.itertuples())
    with pytest.raises(KinesicsError, match="'absent' is neither a source of downloads nor a clip of"):
        people.clip_download("absent", sources, table)


@pytest.mark.parametrize(
    ("name", "events", "of_first_five"), [("coder_a", 249, 86), ("coder_b", 231, 84), ("adjudicated", 165, 0)]
)
def test_the_passes_are_read_with_the_people_of_their_events(name, events, of_first_five, table):
    coding = people.read_annotations(name, ANNOTATIONS)
    assert len(coding) == events
    first = set(table["clip"][table["source"] == people.FIRST])
    assert coding["video"].isin(first).sum() == of_first_five
    ids = people.person_ids(table)
    assert all(row.person_id == ids[row.video, row.person] for row in coding.itertuples())


def test_a_person_is_left_out_with_all_clips(table):
    folds = people.folds(table)
    who = table.groupby("clip")["person_id"].agg(lambda ids: set(ids.dropna()))
    assert sorted(clip for _, test in folds.values() for clip in test) == sorted(who.index)
    for train, test in folds.values():
        assert not set().union(*(who[clip] for clip in train)) & set().union(*(who[clip] for clip in test))
    learned = {clip for train, _ in folds.values() for clip in train}
    assert learned == {clip for clip in who.index if who[clip]}, "nobody is known in the others"
    together = next(test for _, test in folds.values() if "head-pose-face-detection-male" in test)
    assert {"face-demographics-walking-and-pause", "head-pose-face-detection-female"} <= set(together)


def test_folds_of_some_clips_and_of_unknown_ones(table):
    folds = people.folds(table, ["again", "yes", "bird", "mine"])
    assert folds == {
        "signer_1": (["bird", "mine"], ["again", "yes"]),
        "signer_2": (["again", "yes", "mine"], ["bird"]),
        "mine": (["again", "yes", "bird"], ["mine"]),
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("v,0,p,s,public,2,yes\nv,0,q,s,public,2,yes\n", r"line 3: person '0' stands twice in clip 'v'"),
        ("v,0,p,s,public,2,yes\nv,1,p,s,public,2,yes\n", r"line 3: person_id 'p' stands twice in clip 'v'"),
        ("v,0,p,s,public,2,yes\nv,1,q,s,public,3,yes\n", r"line 3: seconds of clip 'v' is '3', but '2' in line 2"),
        ("v,0,,s,public,2,yes\n", r"line 2: give both person and person_id of clip 'v', or neither"),
        ("v,,,s,public,2,yes\nv,0,p,s,public,2,yes\n", r"line 3: clip 'v' has people"),
        ("v,0,p,s,public,two,yes\n", r"line 2: column 'seconds': 'two' is not a length in seconds"),
        ("v,0,p,s,full,2,yes\n", r"line 2: column 'tier'"),
    ],
)
def test_a_slip_in_the_table_of_people_is_named(tmp_path, rows, message):
    (tmp_path / "people.csv").write_text(HEADER + rows)
    with pytest.raises(KinesicsError, match=rf"people.csv: {message}"):
        people.read_people(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("v,1,happy,0,1,1,0,0,1,1,", r"line 2: person 1 of clip 'v' is not in people.csv"),
        ("w,0,happy,0,1,1,0,0,1,1,", r"line 2: person 0 of clip 'w' is not in people.csv"),
        ("v,0,happy,0,2.5,1,0,0,1,1,", r"line 2: end_s 2.5 is after the end of clip 'v', 2 s"),
        ("v,0,smile,0,1,1,0,0,1,1,", r"line 2: column 'label': .smile. is not one of"),
    ],
)
def test_an_event_of_nobody_or_of_no_time_is_named(tmp_path, row, message):
    (tmp_path / "people.csv").write_text(HEADER + "v,0,p,s,public,2,yes\n")
    (tmp_path / "coder_a.csv").write_text(EVENTS + row + "\n")
    with pytest.raises(KinesicsError, match=rf"coder_a.csv: {message}"):
        people.read_annotations("coder_a", tmp_path)


def test_an_unknown_pass_is_answered_with_the_passes():
    with pytest.raises(
        KinesicsError, match="'coder_c' is no annotation pass; the passes are coder_a, coder_b, adjudicated"
    ):
        people.read_annotations("coder_c", ANNOTATIONS)


def write(path: Path, boxes: dict[int, tuple], frames: int = 20, seed: int = 0) -> Tracks:
    """Write tracks of people who stay in their boxes, with random landmarks; there are none in every fourth frame."""
    rng = np.random.default_rng(seed)
    with TracksWriter(path, "v", 10.0, 640, 480) as writer:
        for frame in range(frames):
            for person, box in boxes.items():
                row = {"frame": frame, "time_s": frame / 10, "person": person, "face_score": rng.random()}
                row |= dict(zip(FACE_BOX, box, strict=True)) | dict(zip(PERSON_BOX, box, strict=True))
                for name, shape in ARRAYS.items():
                    row[name] = rng.random(shape).astype(np.float32) if frame % 4 else None
                writer.add(row)
        writer.close(frames / 10)
    return read_tracks(path)


LEFT, RIGHT = (0.1, 0.1, 0.3, 0.4), (0.6, 0.1, 0.8, 0.4)


def coded(*rows: tuple) -> pd.DataFrame:
    """Make a coding of (person, label, box) rows, one event a second."""
    events = [("v", person, label, k / 2, k / 2 + 0.5, 1.0, *box) for k, (person, label, box) in enumerate(rows)]
    return pd.DataFrame(events, columns=["video", "person", "label", "start_s", "end_s", "score", *BOX])


def test_coded_people_get_the_numbers_of_their_tracks(tmp_path):
    tracks = write(tmp_path / "v.parquet", {0: RIGHT, 1: LEFT})
    first = coded((0, "happy", LEFT), (1, "speaking", RIGHT))
    second = coded((1, "happy", RIGHT))
    a, b = people_tracks.number_as_tracked([first, second], tracks)
    assert (a["person"].tolist(), b["person"].tolist()) == ([1, 0], [0])


def test_who_gestured_only_is_the_track_that_is_left_and_who_was_not_tracked_is_none(tmp_path):
    tracks = write(tmp_path / "v.parquet", {0: RIGHT, 3: LEFT})
    (alone,) = people_tracks.number_as_tracked([coded((0, "happy", LEFT), (1, "hand_gesture", RIGHT))], tracks)
    assert alone["person"].tolist() == [3, 0]
    elsewhere = (0.4, 0.6, 0.5, 0.9)
    (missed,) = people_tracks.number_as_tracked(
        [coded((0, "happy", LEFT), (1, "speaking", RIGHT), (2, "happy", elsewhere))], tracks
    )
    assert missed["person"].tolist() == [3, 0, 4]


def test_published_tracks_are_small_and_close(tmp_path):
    made = write(tmp_path / "v.parquet", {0: RIGHT, 1: LEFT})
    people_tracks.round_tracks(tmp_path / "v.parquet", tmp_path / "out/v.parquet")
    rounded = read_tracks(tmp_path / "out/v.parquet")
    assert (rounded.video, rounded.rate_hz, rounded.duration_s, rounded.persons) == ("v", 10.0, 2.0, [0, 1])
    for column in [*ARRAYS, "face_x0", "face_score"]:
        a, b = made.dense(1, column), rounded.dense(1, column)
        np.testing.assert_allclose(a, b, atol=people_tracks.STEP / 2, rtol=0)
        assert np.isnan(b).any() == (column in ARRAYS)
        assert np.all(np.nan_to_num(b) / people_tracks.STEP % 1 == 0)
    assert (tmp_path / "out/v.parquet").stat().st_size < (tmp_path / "v.parquet").stat().st_size / 1.6
    again = tmp_path / "out/again.parquet"
    people_tracks.round_tracks(tmp_path / "v.parquet", again)
    assert again.read_bytes() == (tmp_path / "out/v.parquet").read_bytes()


def test_a_clip_has_its_published_tracks_before_those_made_now(tmp_path):
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks/a.parquet").touch()
    files = people.tracks_files(["a", "b", "c", "b"], ["a", "b"], "results/tracks", tmp_path)
    assert files == [str(tmp_path / "tracks/a.parquet"), "results/tracks/b.parquet"]


def test_published_numbers_are_compared_with_those_made_now(tmp_path):
    made, published = tmp_path / "results/tracks/v.parquet", tmp_path / "people/tracks/v.parquet"
    write(made, {0: RIGHT})
    people_tracks.round_tracks(made, published)
    result = compare([made], [published])
    assert (result["files"], result["rows"], result["shared"]) == (1, 20, 1.0)
    assert 0 < result["difference"] < 0.01
    assert compare([made]) == {"files": 0, "rows": 0, "shared": 1.0, "difference": None}
    write(published, {0: RIGHT}, seed=1)
    with pytest.raises(
        KinesicsError, match=r"people: tracks/v.parquet: 100% .* differs by \d+% of its range: it is of another"
    ):
        compare([made], [published])
    write(published, {0: RIGHT, 1: LEFT})
    with pytest.raises(KinesicsError, match=r"people: tracks/v.parquet: 50% of its rows"):
        compare([made], [published])
    with pytest.raises(KinesicsError, match=r"people has no tracks/w.parquet: publish the tracks again"):
        compare([tmp_path / "results/tracks/w.parquet"], [published])


def test_published_features_are_compared_by_time_and_person(tmp_path):
    def features(name: str, tokens: list, seconds: list) -> Path:
        path = tmp_path / name / "audio_activity/v.safetensors"
        rows = CropFeatures(np.array(seconds), np.zeros(len(tokens), int), np.array(tokens, float)[:, None])
        write_features(
            Features("v", "audio_activity", 10.0, {"sound": rows}), tmp_path / name / "audio_activity/v.safetensors"
        )
        return path

    made = features("made", [0.0, 0.5, 1.0], [0.0, 0.1, 0.2])
    assert compare([made], [features("same", [0.0, 0.5, 1.0], [0.0, 0.1, 0.2])]) == {
        "files": 1,
        "rows": 3,
        "shared": 1.0,
        "difference": 0.0,
    }
    with pytest.raises(KinesicsError, match=r"audio_activity/v.safetensors: 100% of its rows .* sound differs by \d+%"):
        compare([made], [features("other", [0.0, 0.5, 0.8], [0.0, 0.1, 0.2])])
    with pytest.raises(KinesicsError, match=r"people: audio_activity/v.safetensors: 67% of its rows"):
        compare([made], [features("shorter", [0.0, 0.5], [0.0, 0.1])])
    silent = features("silent", [0.0], [0.0])
    none = CropFeatures(np.zeros(0), np.zeros(0, int), np.zeros((0, 1)))
    write_features(Features("v", "audio_activity", 10.0, {"sound": none}), silent)
    assert compare([silent], [silent])["difference"] is None
