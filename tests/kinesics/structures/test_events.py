"""The events table: what is written is read, invalid rows are named; the class Events."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.event_tables import quick

from kinesics.errors import KinesicsError
from kinesics.structures.events import (
    BOX,
    COLUMNS,
    ORDER,
    TUBE_COLUMNS,
    Events,
    check_events,
    check_tubes,
    empty_events,
    keep_events,
    read_events_and_tubes,
    read_events_csv,
    read_tubes,
    write_events_csv,
    write_tubes,
)

HEADER = "video,person,label,family,start_s,end_s,score,x0,y0,x1,y1\n"


def test_a_table_survives_the_disk(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(HEADER + "b,0,happy,emotion,2,3.5,0.9,0.1,0.2,0.3,0.4\na,1,my_label,,0.25,1,1,,,,\n")
    events = read_events_csv(path)
    assert events["video"].tolist() == ["a", "b"]
    assert events["family"].tolist() == ["", "emotion"]
    assert np.isnan(events["x0"][0])
    write_events_csv(events, path)
    pd.testing.assert_frame_equal(read_events_csv(path), events)
    again = path.read_bytes()
    write_events_csv(read_events_csv(path), path)
    assert path.read_bytes() == again


def test_only_five_columns_are_required(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,person,label,start_s,end_s\nv,0,surprise,0,1\n")
    assert read_events_csv(path).loc[0, ["family", "score"]].tolist() == ["emotion", 1.0]


def test_an_empty_table_stays_empty(tmp_path):
    path = tmp_path / "events.csv"
    write_events_csv(empty_events(), path)
    assert path.read_text() == HEADER
    assert len(read_events_csv(path)) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("v,0,happy,,3,2,1,,,,", "line 2: end_s 2 is not after start_s"),
        ("v,0,happy,,-1,2,1,,,,", "line 2: start_s -1 is negative"),
        ("v,0,happy,,zero,2,1,,,,", "line 2: start_s 'zero' is not a number"),
        ("v,0,happy,,0,inf,1,,,,", "line 2: end_s inf is not a number"),
        ("v,-1,happy,,0,2,1,,,,", "line 2: person -1 is not a whole number from 0"),
        ("v,0.5,happy,,0,2,1,,,,", "line 2: person 0.5 is not a whole number from 0"),
        ("v,1e20,happy,,0,2,1,,,,", "line 2: person 1e+20 is more than 1000000000"),
        ("v,0,,,0,2,1,,,,", "line 2: label nan is empty"),
        ("v,0, happy,,0,2,1,,,,", "line 2: label ' happy' has blanks around it"),
        (
            "v,0,happy,gesture,0,2,1,,,,",
            "line 2: family 'gesture' is not that of its label in the coding manual: leave it out",
        ),
        ("v,0,happy,,0,2,1,,,,,,", "not an events table (CSV): a row has more fields than there are columns"),
        (",0,happy,,0,2,1,,,,", "line 2: video nan is empty"),
        ("v,0,happy,,0,2,1,100,0,200,1", "line 2: x0 100 is not a fraction of the frame"),
        ("v,0,happy,,0,2,1,0.5,0,0.4,1", "line 2: x1 0.4 is left of x0"),
        ("v,0,happy,,0,2000000,1,,,,", "line 2: end_s 2000000 is more than eleven days: times are seconds"),
        ("v,0,happy,,0,2,1,,,,\nv,0,happy,,0,2,1,,,,", "line 3: label 'happy' stands in a row that is there twice"),
        ("v,0,happy,,0,2,,,,,", "line 2: score nan is not a number"),
    ],
)
def test_an_invalid_row_is_named(tmp_path, row, message):
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(KinesicsError) as error:
        read_events_csv(path)
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an events table"),
        (b"\xff\xfe\x00", "not a table in UTF-8 or UTF-16"),
        (b"a,b\n1,2\n", "column 'video' is missing; columns are a, b: add the name of the video's file"),
        (b"video,start_s,start_s\nv,1,2\n", "line 1: column 'start_s' is there twice"),
        (b"video;person;label\nv;0;x\n", "line 1: columns are separated by ';': save the table with commas"),
        (b"video,person,label,start_s,end_s\nv,0,hap\x00py,0,1\n", "label 'hap.*' has a control character"),
    ],
)
def test_another_file_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(KinesicsError, match=message):
        read_events_csv(path)
    with pytest.raises(KinesicsError, match="no such file"):
        read_events_csv(tmp_path / "absent.csv")


def test_check_does_not_change_its_argument():
    table = pd.DataFrame({"video": ["v"], "person": [0], "label": ["happy"], "start_s": [0], "end_s": [1]})
    before = table.copy()
    check_events(table)
    pd.testing.assert_frame_equal(table, before)


PAIR = pd.DataFrame(
    {"video": "v", "person": 0, "label": "x", "start_s": [0, 5], "end_s": [2, 7]}
    | {"x0": [0.1, 0.6], "y0": 0.1, "x1": [0.3, 0.9], "y1": 0.4}
)


def tubes_of(*rows: tuple[float, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=TUBE_COLUMNS)


def test_tubes_of_its_own_events_pass():
    events, tubes = check_tubes(PAIR, tubes_of((1, 6, 0.5, 0.1, 0.8, 0.4), (0, 1, 0.1, 0.1, 0.3, 0.4)))
    assert len(events) == 2
    assert tubes["event"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("tubes", "message"),
    [
        (tubes_of(), "tubes: has no box, but the events of events have: are they of one pair?"),
        (tubes_of((0, 1, 64, 64, 192, 256)), "tubes: row 0: x0 64.0 is not a fraction of the frame"),
        (
            tubes_of((0, 1, 0.1, 0.1, 0.3, 0.4), (1, 6, 0.1, 0.1, 0.3, 0.4)),
            "tubes: event 1: its boxes lie about (0.100, 0.100, 0.300, 0.400), but the event of events at "
            "(0.600, 0.100, 0.900, 0.400): are they of one pair?",
        ),
    ],
)
def test_tubes_of_other_events_are_refused(tubes, message):
    with pytest.raises(KinesicsError) as error:
        check_tubes(PAIR, tubes)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("tubes", "message"),
    [
        (tubes_of((2, 1, 0.1, 0.1, 0.3, 0.4)), "tubes: row 0: event 2.0 is not the row of one of the 2 events"),
        (tubes_of((0, 4, 0.1, 0.1, 0.3, 0.4)), "tubes: row 0: time_s 4.0 is outside the time of its event in events: "),
        (tubes_of(*[(0, 1, 0.1, 0.1, 0.3, 0.4)] * 2), "tubes: row 1: time_s 1.0 has two boxes of one event"),
        (tubes_of((0, 1, 0.3, 0.1, 0.1, 0.4)), "tubes: row 0: x1 0.1 is left of x0"),
        (tubes_of((0, 1, 0.1, 0.1, 0.3, 0.4)).drop(columns="y1"), "tubes: column 'y1' is missing; columns are event, "),
    ],
)
def test_invalid_tubes_are_named(tubes, message):
    with pytest.raises(KinesicsError) as error:
        check_tubes(PAIR, tubes)
    assert str(error.value).startswith(message)


BOXES = ((0, 1, 0.1, 0.1, 0.3, 0.4), (1, 6, 0.6, 0.1, 0.9, 0.4), (1, 5.5, 0.6, 0.1, 0.9, 0.4))


def test_events_are_checked_when_they_are_made():
    events = Events(PAIR[::-1], tubes_of(*[(1 - event, *rest) for event, *rest in BOXES]))
    assert list(events.table.columns) == COLUMNS
    assert events.table["start_s"].tolist() == [0, 5]
    assert events.table["score"].tolist() == [1, 1]
    assert events.tubes["event"].tolist() == [0, 1, 1]
    assert events.tubes["time_s"].tolist() == [1, 5.5, 6]
    assert len(events) == 2
    assert Events(PAIR).tubes is None
    with pytest.raises(KinesicsError, match=r"events: line 3: end_s 4 is not after start_s"):
        Events(PAIR.assign(end_s=[2, 4]))
    with pytest.raises(KinesicsError, match="tubes: has no box, but the events of events have"):
        Events(PAIR, tubes_of())
    with pytest.raises(AttributeError, match="cannot assign to field 'table'"):
        events.table = PAIR


def test_a_selection_renumbers_its_tubes():
    table = pd.concat([PAIR.assign(label="happy", person=[1, 0]), PAIR.assign(label=["zeal", "nod"], score=[0.2, 0.8])])
    events = Events(table.fillna({"score": 1.0}), tubes_of(*BOXES, *[(event + 2, *rest) for event, *rest in BOXES]))
    late = events.select(persons=[0], min_score=0.5)
    assert late.table["label"].tolist() == ["happy", "nod"]
    assert late.tubes["event"].tolist() == [0, 0, 1, 1]
    assert late.tubes["time_s"].tolist() == [5.5, 6, 5.5, 6]
    first = events.select(labels={"zeal"})
    assert first.table["start_s"].tolist() == [0]
    assert first.tubes[TUBE_COLUMNS].to_numpy().tolist() == [[0, 1, 0.1, 0.1, 0.3, 0.4]]
    assert len(events.select()) == 4
    nothing = events.select(labels=["absent"])
    assert len(nothing) == len(nothing.tubes) == 0
    assert len(events) == 4
    assert Events(PAIR).select(persons=[0]).tubes is None


def test_labels_are_in_the_order_of_the_vocabulary():
    table = pd.concat([PAIR.assign(label=label) for label in ("zeal", "head_turn", "happy", "nod", "happy")])
    assert Events(table.drop(columns=BOX)).labels == ["happy", "head_turn", "nod", "zeal"]
    assert Events(empty_events()).labels == []


@st.composite
def events_with_tubes(draw: st.DrawFn) -> Events:
    """Draw events on a grid that the files keep: milliseconds, and sixteenths for scores and boxes."""
    box = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
    row = st.tuples(
        st.sampled_from("vw"),
        st.integers(0, 2),
        st.sampled_from(["happy", "nod", "my label"]),
        st.integers(0, 5000),
        st.integers(1, 3000),
        st.integers(0, 16),
        st.none() | box,
    )
    rows, tubes = [], []
    for event, (video, person, label, start, length, score, sides) in enumerate(
        draw(st.lists(row, max_size=8, unique=True))
    ):
        x, y, width, height = (side / 16 for side in sides) if sides else [np.nan] * 4
        corners = (x, y, x + width, y + height)
        rows.append((video, person, label, start / 1000, (start + length) / 1000, score / 16, *corners))
        if sides:
            times = draw(st.sets(st.integers(start, start + length), min_size=1, max_size=3))
            tubes += [(event, time / 1000, *corners) for time in times]
    columns = ["video", "person", "label", "start_s", "end_s", "score", *BOX]
    return Events(pd.DataFrame(rows, columns=columns), pd.DataFrame(tubes, columns=TUBE_COLUMNS, dtype=float))


@pytest.mark.slow
@quick
@given(events_with_tubes())
def test_events_and_tubes_survive_the_disk(events):
    with tempfile.TemporaryDirectory() as folder:
        table, tubes = Path(folder) / "events.csv", Path(folder) / "tubes.parquet"
        write_events_csv(events.table, table)
        write_tubes(events.tubes, tubes)
        read = Events(*read_events_and_tubes(table, tubes))
        pd.testing.assert_frame_equal(read.table, events.table)
        pd.testing.assert_frame_equal(read.tubes, events.tubes, check_dtype=False)
        pd.testing.assert_frame_equal(read_tubes(tubes), events.tubes, check_dtype=False)
        before = table.read_bytes()
        write_events_csv(read.table, table)
        assert table.read_bytes() == before


@pytest.mark.slow
@quick
@given(events_with_tubes(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(events, random):
    order = list(range(len(events)))
    random.shuffle(order)
    place = np.argsort(order)
    tubes = events.tubes.assign(event=place[events.tubes["event"].to_numpy(int)] if order else [])
    again = Events(events.table.iloc[order], tubes)
    pd.testing.assert_frame_equal(again.table[ORDER], events.table[ORDER])
    assert len(again.tubes) == len(events.tubes)


@pytest.mark.slow
@quick
@given(events_with_tubes(), st.data())
def test_kept_events_keep_their_boxes(events, data):
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events))), bool)
    table, tubes = keep_events(events.table, events.tubes, keep)
    kept = Events(table, tubes)
    pd.testing.assert_frame_equal(kept.table, table)
    counts = events.tubes["event"].value_counts()
    assert kept.tubes["event"].value_counts().to_dict() == {
        number: counts[row] for number, row in enumerate(np.flatnonzero(keep)) if row in counts
    }


def test_a_table_in_utf_16_is_read(tmp_path):
    path = tmp_path / "e.csv"
    text = "video,person,label,start_s,end_s\nGespräch,0,happy,1,2\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
        path.write_bytes(("\ufeff" * (encoding == "utf-16-be") + text).encode(encoding))
        assert read_events_csv(path)["video"].tolist() == ["Gespräch"]
