"""BORIS projects and tables: states in pairs, offsets, several files, modifiers, exports of versions 7 and 8."""

import copy
import json

import pytest
from support.interchange import MEDIA, options, read, round_trip, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.registry import write_events

PROJECT = {
    "project_format_version": "7.0",
    "subjects_conf": {"0": {"key": "", "name": "Ann", "description": ""}},
    "behaviors_conf": {
        "0": {"type": "State event", "key": "w", "code": "walk", "category": "locomotion"},
        "1": {"type": "Point event", "key": "b", "code": "bark", "category": ""},
    },
    "observations": {
        "day 1": {
            "file": {"1": [r"C:\films\a.one.mp4", "/films/b.mp4"], "2": []},
            "type": "MEDIA",
            "time offset": 0.0,
            "media_info": {"length": {r"C:\films\a.one.mp4": 100.0, "/films/b.mp4": 60.0}},
            "events": [
                [1.0, "Ann", "walk", "", ""],
                [2.5, "Ann", "bark", "loud |None| far ", "a comment", 62],
                [3.0, "", "walk", "", ""],
                [4.0, "Ann", "walk", "", ""],
                [5.25, "", "walk", "", ""],
                [110.0, "Ann", "bark", "", ""],
            ],
        }
    },
}


def project(path, change=lambda project: None):
    content = copy.deepcopy(PROJECT)
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_states_are_paired_by_subject_and_files_follow_each_other(tmp_path):
    path, notes = project(tmp_path / "p.boris"), []
    events = read(path, notes)
    assert events["video"].tolist() == ["a.one", "a.one", "a.one", "b"]
    assert rows(path) == [
        (0, "walk", "locomotion", 1000, 4000),
        (0, "bark", "", 2500, 2501),
        (1, "walk", "locomotion", 3000, 5250),
        (0, "bark", "", 10_000, 10_001),
    ]
    assert [note.removeprefix(f"{path}: ") for note in notes] == [
        "2 annotations are point events: they are 0.001 s long",
        "1 annotations have modifiers or further codes, which are left out: --modifiers puts them into labels",
        "persons: 0 is Ann",
    ]
    assert "bark|loud|far" in read(path, modifiers=True)["label"].tolist()


def test_modifiers_are_part_of_a_state(tmp_path):
    def change(content):
        content["observations"]["day 1"]["events"] = [
            [1, "Ann", "walk", "fast", ""], [2, "Ann", "walk", "slow", ""], [3, "Ann", "walk", "fast", ""],
            [4, "Ann", "walk", "slow", ""],
        ]  # fmt: skip

    assert [row[3:] for row in rows(project(tmp_path / "p.boris", change))] == [(1000, 3000), (2000, 4000)]


def test_the_time_offset_is_no_time_of_the_video(tmp_path):
    def change(content):
        content["observations"]["day 1"]["time offset"] = 0.5

    assert rows(project(tmp_path / "p.boris", change))[0][3:] == (500, 3500)

    def later(content):
        content["observations"]["day 1"]["media_info"]["offset"] = {"1": -20.0, "2": 5.0}

    assert rows(project(tmp_path / "p.boris", later))[0][3:] == (21_000, 24_000)


def test_a_state_without_its_stop_names_the_row(tmp_path):
    path = project(tmp_path / "p.boris", lambda content: content["observations"]["day 1"]["events"].pop(3))
    with pytest.raises(
        KinesicsError, match=r"observation 'day 1', event 1: 'walk' of 'Ann' starts at 1 s without a stop"
    ):
        read(path)


def test_one_observation_can_be_chosen(tmp_path):
    def change(content):
        other = copy.deepcopy(content["observations"]["day 1"])
        other["events"] = other["events"][:1]
        content["observations"]["bad"] = other
        content["observations"]["live"] = {"type": "LIVE", "file": {}, "events": [[7, "Ann", "bark", "", ""]]}

    path = project(tmp_path / "p.boris", change)
    with pytest.raises(KinesicsError, match=r"choose other observations with --observation"):
        read(path)
    assert read(path, observation="live")["video"].tolist() == ["live"]
    with pytest.raises(KinesicsError, match=r"has no observation 'x'; its observations are day 1, bad, live"):
        read(path, observation="x")


def test_observations_of_one_video_are_those_of_several_annotators(tmp_path):
    def change(content):
        content["observations"]["again"] = copy.deepcopy(content["observations"]["day 1"])

    path, notes = project(tmp_path / "p.boris", change), []
    assert len(read(path, notes)) == 4
    assert f"{path}: annotators again, day 1 are taken together: choose one with --annotator" in notes
    assert len(read(path, annotator="again")) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("behaviors_conf"), "of no format that its ending|not a BORIS project"),
        (lambda p: p["observations"].update(x=3), r"observation 'x' is a number, not an object"),
        (
            lambda p: p["observations"]["day 1"].update(events={"a": 1}),
            r"observation 'day 1': events is an object, not a list",
        ),
        (
            lambda p: p["observations"]["day 1"]["events"].insert(0, [1, "Ann"]),
            r"event 1: has 2 fields, not time, subject",
        ),
        (
            lambda p: p["observations"]["day 1"]["events"].insert(0, ["x", "", "bark"]),
            r"event 1: its time is 'x', not a number",
        ),
        (
            lambda p: p["observations"]["day 1"].update({"time offset": 50}),
            r"is before the video: is an offset wrong\?",
        ),
    ],
)
def test_errors_name_observation_and_event(change, message, tmp_path):
    with pytest.raises(KinesicsError, match=message):
        read(project(tmp_path / "p.boris", change))


def test_a_written_project_keeps_overlaps_points_and_scores(tmp_path):
    events = table(
        (0, "happy", 0, 2),
        (0, "happy", 1, 3),
        (0, "happy", 2, 4),
        (1, "blink", 1, 1.001, "eyes"),
        score=[0.5, 1, 0.25, 1],
    )
    path, notes = tmp_path / "talk.boris", []
    write_events(events, path, options=options(notes, media=MEDIA))
    content = json.loads(path.read_text(encoding="utf-8"))
    kinds = {entry["code"]: (entry["type"], entry["category"]) for entry in content["behaviors_conf"].values()}
    assert kinds == {"happy": ("State event", "emotion"), "blink": ("Point event", "eyes")}
    assert [entry["name"] for entry in content["subjects_conf"].values()] == ["person 0", "person 0 (2)", "person 1"]
    assert content["observations"]["talk"]["media_info"]["fps"] == {
        next(iter(content["observations"]["talk"]["file"]["1"])): 25.0
    }
    assert notes == []
    back = round_trip(events, path, "boris").table
    assert back[["person", "label", "start_s", "end_s", "score"]].equals(
        events.table[["person", "label", "start_s", "end_s", "score"]]
    )


VERSION_7 = """Observation id,obs 1,,
Media file(s),,,
Player #1,film.mp4,,
Time offset (s),2.0,,
,,,
Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status
5.0,film.mp4,359.9,25.0,subject1,s,cat,,START
6.0,film.mp4,359.9,25.0,,p,,,POINT
7.5,film.mp4,359.9,25.0,subject1,s,cat,,STOP
"""
VERSION_8 = (
    "Observation id\tObservation date\tDescription\tObservation duration\tObservation type\tSource\tTime offset (s)\t"
    "Media duration (s)\tFPS\tSubject\tBehavior\tBehavioral category\tModifier #1\tModifier #2\tBehavior type\tTime\t"
    "Media file name\tImage index\tImage file path\tComment\n"
    "o\t2024-01-01\t\t9\tMedia file(s)\tplayer #1:a.mp4\t0\t359\t25\tNo focal subject\twalk\t\tfast\t\tSTART\t1,5\t"
    "/x/a.mp4\tNA\tNA\t\n"
    "o\t2024-01-01\t\t9\tMedia file(s)\tplayer #1:a.mp4\t0\t359\t25\tNo focal subject\twalk\t\tfast\t\tSTOP\t2,25\t"
    "/x/a.mp4\tNA\tNA\t\n"
)


def test_tabular_events_of_version_7_have_a_preamble(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(VERSION_7)
    assert rows(path) == [(1, "s", "cat", 3000, 5500), (0, "p", "", 4000, 4001)]
    assert read(path)["video"].tolist() == ["film", "film"]
    path.write_text(VERSION_7.replace("STOP", "START"))
    with pytest.raises(KinesicsError, match=r"t.csv: row 7: 's' of 'subject1' starts at 3 s without a stop"):
        read(path)
    path.write_text("\n".join(line for line in VERSION_7.split("\n") if "START" not in line))
    with pytest.raises(KinesicsError, match=r"t.csv: row 8: 's' of 'subject1' stops at 5.5 s without a start"):
        read(path)


def test_tabular_events_of_version_8(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(VERSION_8)
    assert rows(path) == [(0, "walk", "", 1500, 2250)]
    assert rows(path, modifiers=True)[0][1] == "walk|fast"
    assert read(path)["video"].tolist() == ["a"]
    assert len(read(path, observation="o")) == 1
    with pytest.raises(KinesicsError, match=r"has no observation 'q'; its observations are o"):
        read(path, observation="q")
