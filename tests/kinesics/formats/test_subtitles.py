"""WebVTT and SRT: voices, tags, comments, broken cues."""

import pytest
from support.interchange import options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.registry import write_events

VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE --> is no time here

intro
00:01.000 --> 00:02.500 align:start
<v.loud Ann>Hello &amp; <i>good</i>
morning</v>
<v Bob>Hi</v>

01:00:00.000 --> 01:00:01.000
<00:17.500>(laughs)
"""
SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i>
there

2
00:00:03,000 --> 00:00:04,000
"""


def test_voices_are_persons_and_tags_are_left_out(tmp_path):
    path = tmp_path / "a.vtt"
    path.write_bytes(b"\xef\xbb\xbf" + VTT.replace("\n", "\r\n").encode())
    assert rows(path) == [
        (0, "Hello & good morning", "", 1000, 2500),
        (1, "Hi", "", 1000, 2500),
        (2, "(laughs)", "", 3_600_000, 3_601_000),
    ]


def test_cues_without_a_text_are_left_out(tmp_path):
    path, notes = tmp_path / "a.srt", []
    path.write_text(SRT, encoding="utf-8")
    assert rows(path, notes) == [(0, "Hello there", "", 1000, 2500)]
    assert notes == [f"{path}: 1 annotations have no value: left out"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.vtt", "", r"a.vtt: the file is empty"),
        ("a.vtt", "00:00.000 --> 00:01.000\nx\n", r"a.vtt: line 1: '00:00.000 --> 00:01.' is not WEBVTT"),
        (
            "a.vtt",
            "WEBVTT\n\n00:00:07.000 --> 00:00:1d.890\nx\n",
            r"line 3: '00:00:07.000 --> 00:00:1d.890' are no times of a cue",
        ),
        ("a.vtt", "WEBVTT\n\n00:00:07.000 -->\nx\n", r"line 3: '00:00:07.000 -->' are no times of a cue"),
        ("a.vtt", "WEBVTT\n\n00:09.000 --> 00:08.000\nx\n", r"line 3: the end 8 s is before the start 9 s"),
        ("a.srt", "1\nHello\n", r"a.srt: line 1: '1' is no cue: its times are missing"),
    ],
)
def test_broken_cues_are_named(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(KinesicsError, match=message):
        read(tmp_path / name)


def test_what_is_written_is_a_cue_an_event(tmp_path):
    events = table((0, "happy", 0.5, 3601.25), (1, "a --> b & <c>", 1, 1.001, "x y"))
    write_events(events, tmp_path / "talk.vtt", options=options())
    assert (tmp_path / "talk.vtt").read_text(encoding="utf-8") == (
        "WEBVTT\n\n1\n00:00:00.500 --> 01:00:01.250\n<v person 0 emotion>happy</v>\n\n"
        "2\n00:00:01.000 --> 00:00:01.001\n<v person 1 x y>a --&gt; b &amp; &lt;c&gt;</v>\n"
    )
    notes = []
    write_events(table((0, "nod", 1, 2, "a: b")), tmp_path / "talk.srt", options=options(notes))
    assert notes == [f"{tmp_path / 'talk.srt'}: families with a colon are left out, which ends the voice: a: b"]
    assert rows(tmp_path / "talk.srt") == [(0, "nod", "", 1000, 2000)]
    write_events(events, tmp_path / "talk.srt", options=options())
    assert (tmp_path / "talk.srt").read_text(encoding="utf-8") == (
        "1\n00:00:00,500 --> 01:00:01,250\nperson 0 emotion: happy\n\n"
        "2\n00:00:01,000 --> 00:00:01,001\nperson 1 x y: a --> b & <c>\n"
    )
