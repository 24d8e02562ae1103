"""The command `detect`: a real clip in, events out."""

import re

import pytest

from kinesics.structures.events import read_events_csv, read_tubes


def test_the_smile_of_a_real_clip_is_detected(detected):
    events = read_events_csv(detected / "events.csv")
    assert "happy" in set(events["label"])
    assert (events["video"] == "single_face").all()
    tubes = read_tubes(detected / "tubes.parquet")
    assert set(tubes["event"]) <= set(events.index)


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
