"""Praat TextGrids: long and short, points, encodings, quotes, files that are cut off."""

from dataclasses import replace

import pytest
from support.interchange import MEDIA, options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.registry import write_events

SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
3
<exists>
3
"IntervalTier"
"Ann ""A"" word"
0
3
3
0
1
""
1
2.5
"say ""hi"""
2.5
3
""
"TextTier"
"taps@Bob"
0
3
1
0.5
"tap"
"IntervalTier"
"taps@Bob"
0
3
1
0
3
" "
'''
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3 ! the 4 "seconds" of the take
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "word 12"
        xmin = 0
        xmax = 3
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1,25
            text = "one
two"
        intervals [2]:
            xmin = 1.25
            xmax = 3e0
            text = "7 8 <exists>"
"""


def test_short_and_long_form(tmp_path):
    path, notes = tmp_path / "a.TextGrid", []
    for encoding in ("utf-8", "utf-16"):
        path.write_bytes(SHORT.encode(encoding))
        assert rows(path) == [(1, "tap", "taps", 500, 501), (0, 'say "hi"', 'Ann "A" word', 1000, 2500)]
        path.write_bytes(LONG.replace("\n", "\r\n").encode(encoding))
        assert rows(path, notes) == [(0, "one two", "word 12", 0, 1250), (0, "7 8 <exists>", "word 12", 1250, 3000)]
    assert notes == []


def test_what_praat_opens_is_read_and_the_rest_named(tmp_path):
    path = tmp_path / "a.TextGrid"
    for text, message in [
        ("", r"a.TextGrid: cut off in the header"),
        (LONG[:200], r"a.TextGrid: cut off in the name of a tier"),
        (LONG[:-20], r"a.TextGrid: cut off in tier 'word 12', interval 2"),
        (LONG.replace("TextGrid", "Sound"), r"a.TextGrid: not a TextGrid of Praat"),
        (LONG.replace("IntervalTier", "PitchTier"), r"tier 'word 12' is of the unknown class 'PitchTier'"),
        (LONG.replace("xmax = 1,25", 'xmax = "x"'), r"line 17: 'x' in place of a number in tier 'word 12', interval 1"),
        (LONG.replace("size = 2", "size = 999999999"), r"cut off in tier 'word 12', interval 3"),
        ("ooBinaryFile\x08TextGrid", r"a.TextGrid: a binary TextGrid: save it from Praat as a text file"),
    ]:
        path.write_text(text, encoding="utf-8")
        with pytest.raises(KinesicsError, match=message):
            read(path)


def test_point_events_are_a_tier_of_points_and_overlaps_further_tiers(tmp_path):
    path, notes = tmp_path / "talk.TextGrid", []
    blinks = [(0, "blink", at, at + 0.001, "eyes") for at in (1, 2)]
    events = table(*blinks, (0, "happy", 0, 2), (0, "sad", 1.5, 3.5), (0, "sad", 2, 2.5))
    write_events(events, path, options=options(notes, media=MEDIA.__class__(duration_s=10)))
    text = path.read_text(encoding="utf-8")
    assert text.count('class = "TextTier"') == 1
    assert text.count("xmax = 10\n") == 1 + 3 + 2  # the file, the tiers, and the silence at the end of two of them
    assert notes == [f"{path}: events of one person and family overlap: 1 further tiers, as 'person 0 emotion (2)'"]
    assert len(rows(path)) == 5


def test_an_event_to_the_end_of_a_video_of_any_length_leaves_no_interval_without_length(tmp_path):
    duration_s = 59059 / 3000  # 19.686333...
    media = replace(MEDIA, duration_s=duration_s)
    write_events(table((0, "happy", 9.5, duration_s)), tmp_path / "talk.TextGrid", options=options(media=media))
    text = (tmp_path / "talk.TextGrid").read_text(encoding="utf-8")
    assert "intervals: size = 2" in text
    assert text.count("xmin = 19.686333") == 0
    assert text.count("xmax = 19.686333") == 3
