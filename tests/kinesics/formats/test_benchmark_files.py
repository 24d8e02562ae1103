"""ActivityNet and AVA."""

import json

import numpy as np
import pytest
from support.interchange import options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.registry import read_events, write_events
from kinesics.structures.events import BOX


def test_activitynet_annotations_and_predictions(tmp_path):
    path = tmp_path / "a.json"
    entry = {"duration": 9, "subset": "training", "annotations": [{"segment": [1, 2.5], "label": "Long jump"}]}
    path.write_text(
        json.dumps({"version": "1", "taxonomy": [], "database": {"v_1": entry, "v_2": {"annotations": []}}})
    )
    assert rows(path) == [(0, "Long jump", "", 1000, 2500)]
    path.write_text(
        json.dumps({"results": {"v_1": [{"segment": [1, 2], "label": "x", "score": 0.25}]}, "external_data": {}})
    )
    assert read(path)[["video", "score"]].to_numpy().tolist() == [["v_1", 0.25]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"database": {"v": {"annotations": [{"segment": [1], "label": "x"}]}}},
            r"v, segment 1: segment has 1 times, not a start",
        ),
        ({"database": {"v": {"annotations": [{"label": "x"}]}}}, r"v, segment 1: segment is null, not a list"),
        (
            {"database": {"v": {"annotations": [{"segment": [2, 1], "label": "x"}]}}},
            r"v, segment 1: the end 1 s is before the",
        ),
        ({"database": []}, r"a.json: database is a list, not an object|^$"),
        ({"results": {"v": 3}}, r"a.json: v: annotations is a number, not a list"),
    ],
)
def test_activitynet_errors_name_the_segment(content, message, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(content))
    if content == {"database": []}:
        assert len(read(tmp_path / "a.json")) == 0  # nothing is annotated
        return
    with pytest.raises(KinesicsError, match=message):
        read(tmp_path / "a.json")


AVA = """v1,0902,0.1,0.2,0.3,0.4,12,0
v1,0903,0.2,0.2,0.4,0.4,12,0
v1,0903,0.1,0.2,0.3,0.4,80,1
v1,0905,0.1,0.2,0.3,0.4,12,0
v2,0902
v2,0903,,,,,,
"""


def test_ava_keyframes_of_consecutive_seconds_are_one_event(tmp_path):
    path, notes = tmp_path / "a.csv", []
    path.write_text(AVA)
    expected = [(0, "12", "", 901_500, 903_500), (1, "80", "", 902_500, 903_500), (0, "12", "", 904_500, 905_500)]
    assert rows(path, notes) == expected
    assert notes == [f"{path}: actions are numbers: name them in a.pbtxt, or with --map"]
    events = read_events(path, options=options())
    np.testing.assert_allclose(events.table.loc[0, BOX].astype(float), [0.15, 0.2, 0.35, 0.4])
    assert events.tubes["time_s"].tolist() == [902, 903, 903, 905]
    (tmp_path / "a.pbtxt").write_text(
        'item {\n  name: "stand"\n  id: 12\n}\nlabel {\n  name: "watch"\n  label_id: 80\n}\n'
    )
    assert [row[1] for row in rows(path)] == ["stand", "watch", "stand"]


def test_ava_detections_have_scores(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("v1,0902,0.1,0.2,0.3,0.4,12,0.75\nv1,0903,0.1,0.2,0.3,0.4,12,0.25\n")
    assert read(path)[["person", "score"]].to_numpy().tolist() == [[0, 0.5]]
    path.write_text("v1,0902,0.1,0.2,0.3,0.4,12,0.75\nv1,soon,0.1,0.2,0.3,0.4,12,0.25\n")
    with pytest.raises(KinesicsError, match=r"a.csv: line 2: the time is 'soon', not a number"):
        read(path)


def test_ava_is_written_with_the_names_of_actions(tmp_path):
    events = table((0, "happy", 1.25, 3.5), (1, 'say "no"', 1.25, 1.5), x0=0, y0=0, x1=0.5, y1=1)
    path, notes = tmp_path / "talk.csv", []
    write_events(events, path, format="ava", options=options(notes))
    assert path.read_text() == (
        "talk,0001,0.000,0.000,0.500,1.000,2,1\ntalk,0002,0.000,0.000,0.500,1.000,1,0\ntalk,0003,0.000,0.000,0.500,1.000,1,0\n"
    )
    assert rows(path) == [(1, 'say "no"', "", 500, 1500), (0, "happy", "emotion", 1500, 3500)]
    assert notes == []
