"""Formats that count frames and pixels: Label Studio, CVAT, VIA."""

import json
import zipfile

import numpy as np
import pytest
from support.interchange import MEDIA, options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.base import Media
from kinesics.formats.registry import read_events, write_events
from kinesics.structures.events import BOX

RECTANGLE = {
    "id": "r1",
    "type": "videorectangle",
    "value": {
        "framesCount": 250,
        "duration": 10.0,
        "labels": ["hand"],
        "sequence": [
            {"frame": 1, "enabled": True, "x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "time": 0.04},
            {"frame": 25, "enabled": False, "x": 20, "y": 20, "width": 30, "height": 40, "rotation": 0, "time": 1.0},
            {"frame": 226, "enabled": True, "x": 0, "y": 0, "width": 50, "height": 50, "rotation": 0, "time": 9.04},
        ],
    },
}
RANGES = {"ranges": [{"start": 26, "end": 50}], "timelinelabels": ["a", "b"]}
TIMELINE = {"id": "t1", "type": "timelinelabels", "score": 0.5, "value": RANGES}
SOUND = {"id": "s1", "type": "labels", "value": {"start": 1.5, "end": 2.5, "labels": ["speech"], "channel": 0}}


def tasks(path, *regions, **task):
    annotations = [{"completed_by": 3, "was_cancelled": False, "result": list(regions)}]
    content = {
        "id": 1,
        "data": {"video": "/data/upload/1/ab-my talk.mp4"},
        "annotations": annotations,
        "predictions": [],
    }
    path.write_text(json.dumps([content | task]))
    return path


def test_label_studio_rectangles_tell_the_rate_and_end_where_they_are_disabled(tmp_path):
    path, notes = (
        tasks(tmp_path / "a.json", RECTANGLE, TIMELINE, SOUND, {"type": "choices", "value": {"choices": ["x"]}}),
        [],
    )
    events = read_events(path, options=options(notes))
    table = events.table
    assert table["video"].unique().tolist() == ["ab-my talk"]
    times = list(zip(table["label"], table["start_s"].round(3), table["end_s"].round(3), table["score"], strict=True))
    assert times == [("hand", 0, 1, 1), ("a", 1, 2, 0.5), ("b", 1, 2, 0.5), ("speech", 1.5, 2.5, 1), ("hand", 9, 10, 1)]
    np.testing.assert_allclose(table.loc[0, BOX].astype(float), [0.15, 0.2, 0.45, 0.6])
    assert events.tubes["event"].tolist() == [0, 0, 4]
    assert notes == [f"{path}: regions of the types choices are left out"]


def test_label_studio_needs_a_rate_for_frames(tmp_path):
    path = tasks(tmp_path / "a.json", TIMELINE)
    with pytest.raises(
        KinesicsError, match=r"a.json: its times are frames: give the video with --media, or its rate with"
    ):
        read(path)
    assert [row[3:] for row in rows(path, media=Media(rate_hz=50))] == [(500, 1000), (500, 1000)]
    with pytest.raises(KinesicsError, match=r"talk.json: its times are frames"):
        write_events(table((0, "happy", 0, 1)), tmp_path / "talk.json", format="label_studio", options=options())


def test_label_studio_annotators_and_predictions(tmp_path):
    two = [{"completed_by": {"id": k, "email": f"{k}@x.org"}, "result": [SOUND]} for k in (1, 2)]
    cancelled = [{"completed_by": 9, "was_cancelled": True, "result": [SOUND, RECTANGLE]}]
    path, notes = tasks(tmp_path / "a.json", annotations=two + cancelled), []
    assert len(rows(path, notes)) == 1
    assert notes[0].endswith("annotators 1@x.org, 2@x.org are taken together: choose one with --annotator")
    assert len(rows(path, annotator="2@x.org")) == 1
    path = tasks(tmp_path / "a.json", annotations=[], predictions=[{"result": [SOUND]}, {"result": [RECTANGLE]}])
    assert [row[1] for row in rows(path)] == ["speech"]


def test_label_studio_minimal_exports_are_read(tmp_path):
    path = tmp_path / "a.json"
    task = {
        "video": "/data/upload/my.talk.mp4",
        "id": 1,
        "annotator": 1,
        "tricks": [RANGES],
        "box": [RECTANGLE["value"]],
    }
    path.write_text(json.dumps([task]))
    found = [(label, family, start, end) for _, label, family, start, end in rows(path)]
    assert found == [("hand", "", 0, 1000), ("a", "", 1000, 2000), ("b", "", 1000, 2000), ("hand", "", 9000, 10_000)]
    assert read(path)["video"].unique().tolist() == ["my.talk"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"data": 3, "annotations": []}]', r"a.json: task 1: data is a number, not an object"),
        ('[{"data": {}}, {"data": {}, "annotations": {"a": 1}}]', r"a.json: task 2: annotations is an object, not a list"),
        ('[{"data": {}, "annotations": [{"result": [3]}]}]', r"a.json: task 1: a region is a number, not an object"),
        ('[{"data": {}, "annotations": [{"result": [{"id": "q", "value": {"start": "x", "end": 1, "labels": ["l"]}}]}]}]',
         r"a.json: task 1, region 'q': start is 'x', not a number"),
        ('[{"data": {}, "annotations": [{"result": [', r"a.json: not JSON, or cut off: "),
        ("[" * 100_000, r"a.json: JSON nested too deeply"),
        ('[{"data": {}, "x": NaN}]', r"a.json: not JSON, or cut off: NaN is no number of JSON"),
    ],
)  # fmt: skip
def test_label_studio_errors_name_the_task(content, message, tmp_path):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(KinesicsError, match=message):
        read(tmp_path / "a.json", format="label_studio")


def cvat(path, *tracks, meta=""):
    task = f"<task><id>1</id><name>take 1</name>{meta}<original_size><width>640</width><height>480</height></original_size>"
    meta = f"<meta>{task}<source>my.talk.mp4</source></task></meta>"
    text = f"<annotations><version>1.1</version>{meta}{''.join(tracks)}</annotations>"
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("annotations.xml", text)
    else:
        path.write_text(text)
    return path


def box(frame, outside=0, left=64, attributes=""):
    return (
        f'<box frame="{frame}" outside="{outside}" occluded="0" keyframe="1" xtl="{left}" ytl="48" xbr="{left + 64}" ybr="96">'
        f"{attributes}</box>"
    )


def track(*boxes, label="wave", key=0):
    return f'<track id="{key}" label="{label}" source="manual">{"".join(boxes)}</track>'


@pytest.mark.parametrize("suffix", [".xml", ".zip"])
def test_cvat_tracks_are_events_while_they_are_shown(suffix, tmp_path):
    shown = track(box(0), box(5, left=128), box(10, 1), box(20), box(21), key=4)
    path, notes = (
        cvat(tmp_path / f"a{suffix}", shown, track(box(3, attributes='<attribute name="hand">left</attribute>'))),
        [],
    )
    events = read_events(path, options=options(notes, media=Media(rate_hz=10)))
    assert [row[3:] for row in rows(path, media=Media(rate_hz=10))] == [(0, 1000), (300, 400), (2000, 2200)]
    assert events.table["video"].unique().tolist() == ["my.talk"]
    np.testing.assert_allclose(events.table.loc[0, BOX].astype(float), [0.15, 0.1, 0.25, 0.2])
    assert events.tubes["time_s"].tolist() == [0, 0.5, 0.3, 2, 2.1]
    assert notes == [f"{path}: attributes of tracks are left out: hand"]


def test_cvat_frames_are_those_of_the_task(tmp_path):
    meta = "<start_frame>100</start_frame><frame_filter>step=5</frame_filter>"
    path = cvat(tmp_path / "a.xml", track(box(0), box(4, 1)), meta=meta)
    assert rows(path, media=Media(rate_hz=10))[0][3:] == (10_000, 12_000)


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ([track('<box frame="x"/>')], r"a.xml: track '0': frame is 'x', not a number"),
        ([track('<box frame="1" xtl="1"/>')], r"a.xml: track '0': ytl is None, not a number"),
        (['<image id="0"/>'], r"a.xml: boxes of single images, which are no events: export as CVAT for video 1.1"),
    ],
)
def test_cvat_errors_name_the_track(tracks, message, tmp_path):
    with pytest.raises(KinesicsError, match=message):
        read(cvat(tmp_path / "a.xml", *tracks), media=Media(rate_hz=10))
    with pytest.raises(KinesicsError, match=r"a.xml: its times are frames: give the video"):
        read(cvat(tmp_path / "a.xml", track(box(0))))


def test_cvat_writes_events_without_a_box_as_the_whole_frame(tmp_path):
    path, notes = tmp_path / "talk.xml", []
    events = table((2, "happy", 1, 2))
    with pytest.raises(
        KinesicsError, match=r"talk.xml: its boxes are pixels: give the video with --media, or its size with"
    ):
        write_events(events, path, options=options(media=Media(rate_hz=25)))
    write_events(events, path, options=options(notes, media=MEDIA))
    assert notes == [f"{path}: 1 events have no box: they have the whole frame"]
    assert rows(path) == [(2, "happy", "emotion", 1000, 2000)]
    assert read(path)[BOX].isna().all(axis=None)


ATTRIBUTES = {
    "1": {"aname": "Activity", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": {"1": "Break Egg", "2": "Mix"}},
    "2": {"aname": "Speaker", "anchor_id": "FILE1_Z2_XY0", "type": 1, "options": {}},
}
VIA = {
    "project": {"pname": "p"},
    "attribute": ATTRIBUTES,
    "file": {"7": {"fid": "7", "fname": "a b.mp4", "type": 4, "loc": 1, "src": ""}},
    "view": {"1": {"fid_list": ["7"]}},
    "metadata": {
        "1_x": {"vid": "1", "flg": 0, "z": [1.25, 2.5], "xy": [], "av": {"1": "2", "2": "Ann"}},
        "1_y": {"vid": "1", "flg": 0, "z": [4, 5], "xy": [2, 64, 36, 128, 72], "av": {"1": "1"}},
        "1_z": {"vid": "1", "flg": 0, "z": [6], "xy": [2, 1, 1, 9, 9], "av": {"1": "1"}},
    },
}


def test_via_segments_are_events(tmp_path):
    path, notes = tmp_path / "a.json", []
    path.write_text(json.dumps(VIA))
    assert rows(path, notes) == [(0, "Mix", "Activity", 1250, 2500), (1, "Break Egg", "Activity", 4000, 5000)]
    assert [note.removeprefix(f"{path}: ") for note in notes] == [
        "1 regions or attributes of single frames are no events: left out",
        "1 boxes are in pixels and left out: give the video with --media",
        "persons: 0 is Ann",
    ]
    events = read(path, media=MEDIA)
    np.testing.assert_allclose(events.loc[1, BOX].astype(float), [0.1, 0.1, 0.3, 0.3])
    assert events["video"].tolist() == ["a b", "a b"]


def test_via_exports_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        f"# Exported using VGG Image Annotator\n# ATTRIBUTE = {json.dumps(ATTRIBUTES)}\n"
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata\n"
        '"1_x","[""a b.mp4""]",0,"[1.25,2.5]","[]","{""1"":""2"",""2"":""Ann""}"\n'
    )
    assert rows(path) == [(0, "Mix", "Activity", 1250, 2500)]
    path.write_text(
        "# Exported using VGG Image Annotator\n"
        "# CSV_HEADER = metadata_id, file_list, temporal_segment_start, temporal_segment_end, metadata\n"
        '"1_x", "[""a b.mp4""]", 1.25, 2.5, "{""TEMPORAL-SEGMENTS"":""Mix""}"\n'
    )
    assert rows(path) == [(0, "Mix", "", 1250, 2500)]
    path.write_text(path.read_text()[:-3])
    with pytest.raises(KinesicsError, match=r"a.csv: row 1: not a CSV of VIA 3: "):
        read(path)
