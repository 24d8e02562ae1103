"""The command convert."""

import pandas as pd
import pytest
from support.interchange import table

from kinesics.cli.main import main
from kinesics.formats.registry import read_events, write_events

EVENTS = table((0, "happy", 1, 2), (1, "wave", 2, 3, "arm"), score=0.5)


@pytest.fixture
def talk(tmp_path):
    write_events(EVENTS, tmp_path / "talk.csv")
    return tmp_path / "talk.csv"


def test_a_table_becomes_an_eaf_and_a_table_again(talk, tmp_path, capsys):
    assert main(["convert", str(talk), str(tmp_path / "talk.eaf")]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{tmp_path / 'talk.eaf'}\n"
    assert captured.err.splitlines() == [
        f"{tmp_path / 'talk.eaf'}: ELAN does not hold 2 scores: left out",
        f"{tmp_path / 'talk.eaf'}: the video is linked as talk.mp4: give its file with --media",
    ]
    assert main(["convert", str(tmp_path / "talk.eaf"), str(tmp_path / "again.csv")]) == 0
    again = read_events(tmp_path / "again.csv").table
    expected = EVENTS.table.assign(family=["emotion", "arm"], score=1.0)
    pd.testing.assert_frame_equal(again, expected, check_dtype=False)


def test_several_files_are_put_together_and_taken_apart(talk, tmp_path, capsys):
    write_events(table((0, "sad", 1, 2), video="walk"), tmp_path / "walk.csv")
    both = tmp_path / "both.csv"
    assert main(["convert", str(talk), str(tmp_path / "walk.csv"), str(both)]) == 0
    assert len(read_events(both)) == 3
    assert main(["convert", str(both), str(tmp_path / "both.srt")]) == 1
    assert (
        "holds one video, but the events are of 2: choose one with --video, or give the name of a folder"
        in capsys.readouterr().err
    )
    assert main(["convert", str(both), str(tmp_path / "walk.srt"), "--video", "walk"]) == 0
    assert "person 0 emotion: sad" in (tmp_path / "walk.srt").read_text()
    (tmp_path / "out").mkdir()
    assert main(["convert", str(both), str(tmp_path / "out"), "--to", "srt"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["talk.srt", "walk.srt"]
    assert main(["convert", str(both), str(tmp_path / "out")]) == 1
    assert main(["convert", str(both), str(tmp_path / "x.srt"), "--video", "run"]) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"kinesics: {tmp_path / 'out'}: a folder: name the format of the files in it with --to",
        f"kinesics: {both}: has no video 'run'; its videos are talk, walk",
    ]


def test_frames_need_the_video_or_its_rate_and_size(talk, tmp_path, capsys):
    out = tmp_path / "talk.xml"
    assert main(["convert", str(talk), str(out)]) == 1
    assert "give the video with --media, or its rate with --rate" in capsys.readouterr().err
    assert main(["convert", str(talk), str(out), "--rate", "25", "--size", "640x360"]) == 0
    assert len(read_events(out)) == 2


def test_the_video_gives_rate_size_and_link(talk, tmp_path, clip, capsys):
    video = clip("obama_speech")
    assert main(["convert", str(talk), str(tmp_path / "talk.eaf"), "--media", str(video)]) == 0
    assert "linked as" not in capsys.readouterr().err
    assert video.name in (tmp_path / "talk.eaf").read_text()
    assert main(["convert", str(talk), str(tmp_path / "talk.xml"), "--media", str(video)]) == 0
    assert main(["convert", str(talk), str(tmp_path / "talk.xml"), "--media", str(video), "--rate", "3"]) == 1
    assert "--rate and --size are those of the video" in capsys.readouterr().err


def test_a_map_names_what_is_read(talk, tmp_path):
    (tmp_path / "map.csv").write_text("value,label,person\nwave,hand_gesture,4\nhappy,-,\n")
    assert main(["convert", str(talk), str(tmp_path / "new.csv"), "--map", str(tmp_path / "map.csv")]) == 0
    new = read_events(tmp_path / "new.csv").table
    assert new[["person", "label", "family"]].to_numpy().tolist() == [[4, "hand_gesture", "gesture"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{}/talk.csv", "{}/talk.csv"], "talk.csv would be overwritten: give another name for what is written"),
        (
            ["{}/talk.csv", "{}/talk.xyz"],
            "the ending '.xyz' is of no known format: name the format (--to), or end it with .csv",
        ),
        (["{}/talk.csv", "{}/o.csv", "--to", "word"], "'word' is not a format. The formats are csv, parquet"),
        (["{}/talk.csv", "{}/o.csv", "--from", "elan"], "talk.csv: not XML, or cut off: "),
        (["{}/none.eaf", "{}/o.csv"], "none.eaf: no such file"),
        (
            ["{}/talk.csv", "{}/o.csv", "--annotator", "A", "--from", "table"],
            "talk.csv: has no annotator 'A'; it names none",
        ),
        (
            ["{}/talk.csv", "{}/talk.csv", "{}/o.csv", "--tubes", "{}/t.parquet"],
            "tubes go with one events table: give that alone",
        ),
    ],
)
def test_errors_are_one_line(arguments, message, talk, tmp_path, capsys):
    assert main(["convert", *(argument.format(tmp_path) for argument in arguments)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["talk.csv"]
