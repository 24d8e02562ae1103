"""The command `detect`: a real clip in, events out."""

import re
import shutil

import pytest
from support import ROOT

from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.perception import tracking
from kinesics.structures.events import read_events_csv, read_tubes


def test_the_smile_of_a_real_clip_is_detected(detected):
    events = read_events_csv(detected / "events.csv")
    assert "happy" in set(events["label"])
    assert (events["video"] == "single_face").all()
    tubes = read_tubes(detected / "tubes.parquet")
    assert set(tubes["event"]) <= set(events.index)


def test_tubes_that_nobody_asked_for_are_not_said_to_be_left_out(detected, clip, tmp_path, capsys):
    command = ["detect", str(clip("single_face")), "--tracks", str(detected / "tracks.parquet")]
    assert main([*command, "--out", str(tmp_path / "e.csv"), "--data", str(ROOT / "data")]) == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "e.csv").read_bytes() == (detected / "events.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["10:30 talk.mp4", "n" * 246 + ".mp4", "-talk.mp4"])
def test_a_video_may_have_any_name_that_a_table_holds(clip, tmp_path, monkeypatch, name):
    """A beginning that FFmpeg takes for a protocol, and a name that leaves no room for a longer suffix."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip("single_face"), name)
    assert main(["detect", "--out", "e.csv", "--data", str(ROOT / "data"), "--", name]) == 0
    assert set(read_events_csv("e.csv")["video"]) == {name.removesuffix(".mp4")}


@pytest.mark.parametrize(
    ("name", "out", "message"),
    [
        (" talk.mp4", "e.csv", "' talk.mp4': its name without the suffix has blanks around it: rename the file"),
        ("talk .mp4", "e.csv", "'talk .mp4': its name without the suffix has blanks around it: rename the file"),
        ("talk.mp4", "e.txt", "e.txt: the ending '.txt' is of no known format"),
        ("talk.mp4", "n" * 256 + ".csv", "File name too long"),
    ],
)
def test_names_are_refused_before_the_video_is_tracked(clip, refusal, tmp_path, monkeypatch, name, out, message):
    shutil.copy(clip("single_face"), tmp_path / name)
    monkeypatch.setattr(tracking, "track", lambda *_, **__: pytest.fail("the video was tracked"))
    assert message in refusal(["detect", name, "--out", out])


def test_missing_weights_are_refused_before_the_video_is_tracked(clip, refusal, tmp_path, monkeypatch):
    def fetch(source, *_):
        raise KinesicsError(f"source {source!r} cannot be reached")

    shutil.copy(clip("single_face"), tmp_path / "talk.mp4")
    monkeypatch.setattr(tracking, "track", lambda *_, **__: pytest.fail("the video was tracked"))
    monkeypatch.setattr(downloads, "fetch", fetch)
    line = refusal(["detect", "talk.mp4", "--detector", "envision", "--out", "e.csv"])
    assert "source 'envisionhgdetector' cannot be reached" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text.mp4", "--out", "e.csv"], "text.mp4"),
        (["text.mp4", "--detector", "magic", "--out", "e.csv"], "'magic' is not a detector"),
        (["text.mp4", "--detector", "probe", "--out", "e.csv"], "--model FILE"),
        (["text.mp4", "--out", "e.csv", "--tubes", "e.csv"], "e.csv would be overwritten"),
        (["text.mp4", "--out", "."], "is a folder: give the name of a file"),
        (["text.mp4", "--out", "text.mp4/e.csv"], "text.mp4/e.csv cannot be written: .*text.mp4 is no folder"),
        (["text.mp4", "--tracks", "t", "--rate", "5", "--out", "e.csv"], "which --tracks spares: leave them out"),
        (
            ["text.mp4", "--detector", "rules", "--model", "m", "--out", "e.csv"],
            "'rules' does not learn: it takes no --model",
        ),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(refusal, arguments, message):
    assert re.search(message, refusal(["detect", *arguments]))
