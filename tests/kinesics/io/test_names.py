"""Names of videos: refused exactly where an events table would refuse them."""

import os
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.event_tables import quick

from kinesics.errors import KinesicsError
from kinesics.io.names import check_text, video_name
from kinesics.structures.events import check_events


def accepts(function, *arguments) -> bool:
    try:
        function(*arguments)
    except KinesicsError:
        return False
    return True


@quick
@given(st.text(alphabet="a. \t\n\x00\x1fé-_,\"'", min_size=1, max_size=6).filter(lambda name: name.strip(".")))
def test_a_name_is_taken_if_an_events_table_takes_it(name):
    row = {"video": [name], "person": [0], "label": ["happy"], "start_s": [0.0], "end_s": [1.0]}
    assert accepts(video_name, f"folder/{name}.mp4") == accepts(check_events, pd.DataFrame(row))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "an empty path or a folder was given as a video"),
        (".", "an empty path or a folder was given as a video"),
        (" talk.mp4", "has blanks around it"),
        ("talk .mp4", "has blanks around it"),
        ("\u00a0.mp4", "is empty"),
        ("a\tb.mp4", "has a control character"),
        (os.fsdecode(b"\xe9t\xe9.mp4"), r"'\\udce9t\\udce9' is not text in utf-8: rename the file"),
    ],
)
def test_a_name_that_no_table_holds_is_refused_with_its_reason(name, message):
    with pytest.raises(KinesicsError, match=message):
        video_name(name)


def test_the_suffix_is_no_part_of_the_name():
    assert video_name("folder/10:30 talk.part.mp4") == "10:30 talk.part"


def test_the_encoding_of_the_system_is_named(monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    with pytest.raises(KinesicsError, match=r"is not text in ascii: set LANG=C\.UTF-8, or rename"):
        check_text("\udcc3\udca9.mp4")
