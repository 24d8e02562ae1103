"""ELAN files: dependent tiers, slots without times, participants, media, overlaps, and files of other hands."""

import xml.etree.ElementTree as ET

import pytest
from support.interchange import MEDIA, options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats.base import Options
from kinesics.formats.registry import read_events, write_events

HEAD = '<HEADER TIME_UNITS="milliseconds">{media}</HEADER>'
MEDIUM = '<MEDIA_DESCRIPTOR MEDIA_URL="{url}" MIME_TYPE="video/mp4"{more}/>'


def aligned(key, first, last, value, more=""):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{key}" TIME_SLOT_REF1="{first}" TIME_SLOT_REF2="{last}"{more}>'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def dependent(key, parent, value, previous=""):
    previous = f' PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{key}" ANNOTATION_REF="{parent}"{previous}>'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name, *annotations, more=""):
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="x"{more}>{"".join(annotations)}</TIER>'


def eaf(path, slots, *tiers, media="", head=HEAD):
    order = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{key}"' + ("/>" if value is None else f' TIME_VALUE="{value}"/>')
        for key, value in slots.items()
    )
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT>{head.format(media=media)}'
        f"<TIME_ORDER>{order}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>",
        encoding="utf-8",
    )
    return path


def test_labels_of_the_vocabulary_keep_their_family_others_that_of_the_tier(tmp_path):
    path = eaf(
        tmp_path / "a.eaf",
        {"t1": 0, "t2": 1500},
        tier("gestures", aligned("a1", "t1", "t2", "happy"), more=' PARTICIPANT="P2"'),
        tier("P2-hands", aligned("a2", "t1", "t2", " flick\n of hand "), more=' PARTICIPANT="P2"'),
        tier("hands@P3", aligned("a3", "t1", "t2", "wave")),
    )
    assert rows(path) == [
        (2, "flick  of hand", "hands", 0, 1500),
        (2, "happy", "emotion", 0, 1500),
        (3, "wave", "hands", 0, 1500),
    ]


def test_slots_without_a_time_divide_that_of_their_neighbours_in_the_tier(tmp_path):
    path = eaf(
        tmp_path / "a.eaf",
        {"t1": 1000, "t2": None, "u": 1100, "t3": None, "t4": 4000},
        tier("words", aligned("a1", "t1", "t2", "a"), aligned("a2", "t2", "t3", "b"), aligned("a3", "t3", "t4", "c")),
        tier("other", aligned("a4", "u", "t4", "d")),
    )
    assert [row[3:] for row in rows(path) if row[2] == "words"] == [(1000, 2000), (2000, 3000), (3000, 4000)]


def test_slots_at_the_ends_without_a_time_have_that_of_the_nearest(tmp_path):
    path = eaf(
        tmp_path / "a.eaf", {"t0": None, "t1": 1000, "t2": 2000, "t3": None}, tier("x", aligned("a", "t0", "t3", "v"))
    )
    assert rows(path) == [(0, "v", "x", 1000, 2000)]


def test_dependent_annotations_have_the_time_of_their_parent_and_the_person_of_its_tier(tmp_path):
    path = eaf(
        tmp_path / "a.eaf",
        {"t1": 0, "t2": 3000},
        tier("hand", dependent("r9", "r2", "left"), more=' PARENT_REF="phase"'),  # before its parent
        tier(
            "phase",
            dependent("r2", "a1", "hold", "r1"),
            dependent("r1", "a1", "prep"),
            dependent("r3", "a1", "stroke", "r2"),
            more=' PARENT_REF="gesture"',
        ),
        tier("gesture", aligned("a1", "t1", "t2", "wave"), more=' PARTICIPANT="Ann"'),
    )
    notes = []
    assert rows(path, notes) == [
        (0, "prep", "phase", 0, 1000),
        (0, "wave", "gesture", 0, 3000),
        (0, "hold", "phase", 1000, 2000),
        (0, "left", "hand", 1000, 2000),
        (0, "stroke", "phase", 2000, 3000),
    ]
    assert notes == [f"{path}: persons: 0 is Ann"]


def test_time_counts_from_the_origin_of_the_linked_video(tmp_path):
    media = MEDIUM.format(url="file:///C:/films/my%20talk.final.mp4", more=' TIME_ORIGIN="2500"')
    path = eaf(tmp_path / "a.eaf", {"t1": 0, "t2": 1000}, tier("x", aligned("a1", "t1", "t2", "v")), media=media)
    events = read(path)
    assert events.loc[0, ["video", "start_s", "end_s"]].tolist() == ["my talk.final", 2.5, 3.5]


def test_frames_of_television_are_units_and_others_are_refused(tmp_path):
    one = tier("x", aligned("a1", "t1", "t2", "v"))
    path = eaf(tmp_path / "a.eaf", {"t1": 25, "t2": 50}, one, head='<HEADER TIME_UNITS="PAL-frames"/>')
    assert rows(path)[0][3:] == (1000, 2000)
    path = eaf(tmp_path / "a.eaf", {"t1": 25, "t2": 50}, one, head='<HEADER TIME_UNITS="cubits"/>')
    with pytest.raises(KinesicsError, match=r"a.eaf: times are in 'cubits', not one of milliseconds"):
        read(path)


def test_empty_values_are_left_out_unless_the_tier_is_the_code(tmp_path):
    slots = {f"t{k}": 1000 * k for k in range(4)}
    path = eaf(
        tmp_path / "a.eaf",
        slots,
        tier("smile", aligned("a1", "t0", "t1", ""), aligned("a2", "t2", "t3", " ")),
        tier("hands", aligned("a3", "t0", "t1", ""), aligned("a4", "t1", "t2", "wave")),
    )
    notes = []
    assert [row[1] for row in rows(path, notes)] == ["smile", "wave", "smile"]
    assert [note.removeprefix(f"{path}: ") for note in notes] == [
        "2 annotations have no value, in a tier of such: they have the name of the tier as label",
        "1 annotations have no value: left out",
    ]


def test_annotators_are_taken_together_or_chosen(tmp_path):
    slots = {"t1": 0, "t2": 1000}
    tiers = [tier(f"x{who}", aligned(f"a{who}", "t1", "t2", "v"), more=f' ANNOTATOR="{who}"') for who in "BA"]
    path = eaf(tmp_path / "a.eaf", slots, *tiers)
    notes = []
    assert len(rows(path, notes)) == 2
    assert notes == [f"{path}: annotators A, B are taken together: choose one with --annotator"]
    assert [row[2] for row in rows(path, annotator="B")] == ["xB"]
    with pytest.raises(KinesicsError, match=r"a.eaf: has no annotator 'C'; its annotators are A, B"):
        read(path, annotator="C")


def test_tiers_of_one_name_are_both_read_and_what_is_there_twice_once(tmp_path):
    one = tier("x", aligned("a1", "t1", "t2", "v"))
    two = tier("x", aligned("a2", "t1", "t2", "v"), aligned("a3", "t1", "t2", "w"))
    notes = []
    path = eaf(tmp_path / "a.eaf", {"t1": 0, "t2": 1000}, one, two)
    assert [row[1] for row in rows(path, notes)] == ["v", "w"]
    assert notes == [
        f"{path}: tier 'x' is there twice: both are taken",
        f"{path}: 1 annotations are there twice: each is kept once",
    ]


def test_values_of_a_vocabulary_may_stand_there_only(tmp_path):
    vocabulary = (
        '<CONTROLLED_VOCABULARY CV_ID="c"><CV_ENTRY_ML CVE_ID="e1"><CVE_VALUE LANG_REF="und">nod</CVE_VALUE></CV_ENTRY_ML>'
        "</CONTROLLED_VOCABULARY>"
    )
    one = tier("x", aligned("a1", "t1", "t2", "", ' CVE_REF="e1"'))
    assert rows(eaf(tmp_path / "a.eaf", {"t1": 0, "t2": 9}, one, vocabulary)) == [(0, "nod", "x", 0, 9)]


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([tier("x", aligned("a1", "t1", "t9", "v"))], r"annotation 'a1': time slot 't9' is not there"),
        ([tier("x", dependent("r1", "a7", "v"))], r"annotation 'r1' depends on 'a7', which has no time"),
        (
            [tier("x", dependent("r1", "r2", "v"), dependent("r2", "r1", "w"))],
            r"annotation 'r1' depends on 'r2', which has no",
        ),
        (
            [tier("x", aligned("a", "t1", "t2", "v"), aligned("a", "t1", "t2", "w"))],
            r"annotation 'a' of tier 'x' is there twice",
        ),
        (
            [tier("x", aligned("a1", "t2", "t1", "v"))],
            r"annotation 'a1' of tier 'x': the end 0 s is before the start 1 s",
        ),
    ],
)
def test_errors_name_the_annotation(tiers, message, tmp_path):
    path = eaf(tmp_path / "a.eaf", {"t1": 0, "t2": 1000}, *tiers)
    with pytest.raises(KinesicsError, match=rf"a\.eaf: {message}"):
        read(path)


def test_times_that_are_no_numbers_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"a.eaf: time slot 't1' is 'soon', not a number"):
        read(eaf(tmp_path / "a.eaf", {"t1": "soon"}))


def test_utf_16_and_byte_order_marks_are_read(tmp_path):
    path = eaf(tmp_path / "a.eaf", {"t1": 0, "t2": 1000}, tier("Gesten", aligned("a1", "t1", "t2", "Grüße")))
    text = path.read_text(encoding="utf-8")
    expected = rows(path)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert rows(path) == expected
    path.write_bytes(text.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert rows(path) == expected
    assert expected[0][1] == "Grüße"


def test_overlapping_events_are_in_tiers_of_their_own(tmp_path):
    events = table((0, "sad", 0, 3), (0, "happy", 1, 2), (0, "fear", 2, 4), (1, "happy", 0, 1))
    path, notes = tmp_path / "talk.eaf", []
    write_events(events, path, options=options(notes, media=MEDIA))
    root = ET.parse(path).getroot()
    assert [item.get("TIER_ID") for item in root.iter("TIER")] == [
        "person 0 emotion",
        "person 0 emotion (2)",
        "person 1 emotion",
    ]
    assert notes == [f"{path}: events of one person and family overlap: 1 further tiers, as 'person 0 emotion (2)'"]
    assert len(rows(path)) == 4


def test_the_video_is_linked_relative_to_the_file(tmp_path):
    path, notes = tmp_path / "out" / "talk.eaf", []
    media = MEDIA.__class__(path=tmp_path / "films" / "10:30 talk.webm")
    write_events(table((0, "happy", 0, 1), video="10:30 talk"), path, options=options(notes, media=media))
    (medium,) = ET.parse(path).getroot().iter("MEDIA_DESCRIPTOR")
    assert medium.attrib == {
        "MEDIA_URL": "file:///10%3A30%20talk.webm",
        "MIME_TYPE": "video/webm",
        "RELATIVE_MEDIA_URL": "./../films/10%3A30%20talk.webm",
    }
    assert notes == []
    assert read(path)["video"].tolist() == ["10:30 talk"]


def test_scores_and_boxes_are_lost_with_a_line(tmp_path):
    events, notes = table((0, "happy", 0, 1), score=0.5, x0=0, y0=0, x1=1, y1=1), []
    write_events(events, tmp_path / "a.eaf", options=options(notes, media=MEDIA))
    assert notes == [f"{tmp_path / 'a.eaf'}: ELAN does not hold 1 scores, 1 boxes: left out"]
    with pytest.warns(UserWarning, match=r"ELAN does not hold 1 scores"):
        write_events(events, tmp_path / "a.eaf", options=Options(media=MEDIA))


def test_names_with_markup_are_text(tmp_path):
    label, family = '<script>"&"</script>', "a' & <b>"
    path = tmp_path / "talk.eaf"
    write_events(table((0, label, 0, 1, family)), path, options=options(media=MEDIA))
    assert read_events(path).table.loc[0, ["label", "family"]].tolist() == [label, family]
