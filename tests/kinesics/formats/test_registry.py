"""Formats of events: chosen by name or ending, read, and written where they can be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kinesics.errors import KinesicsError
from kinesics.formats.base import Format, Media, Options, ReadOnly, WritableFormat, ignore
from kinesics.formats.registry import FORMATS, find_reader, find_writer, read_events, write_events
from kinesics.formats.rules import read_rules
from kinesics.structures.events import TUBE_COLUMNS, Events

TABLE = pd.DataFrame(
    {"video": ["b", "a"], "person": [0, 1], "label": ["happy", "nod"], "start_s": [2.0, 1 / 3], "end_s": [3.5, 2 / 3]}
    | {"score": [0.9, 1 / 7], "x0": [0.1, np.nan], "y0": [0.2, np.nan], "x1": [0.3, np.nan], "y1": [0.4, np.nan]}
)
TUBES = pd.DataFrame([(0, 2.0, 0.1, 0.2, 0.3, 0.4), (0, 2.1, 0.1, 0.2, 0.3, 0.4)], columns=TUBE_COLUMNS)
CODING = "clip,person,start_s,end_s,label,confidence,x0,y0,x1,y1,note\n"


def test_parquet_keeps_all_digits(tmp_path):
    events, path = Events(TABLE), tmp_path / "events.parquet"
    write_events(events, path)
    pd.testing.assert_frame_equal(read_events(path).table, events.table, check_exact=True)
    before = path.read_bytes()
    write_events(read_events(path), path)
    assert path.read_bytes() == before


def test_csv_rounds_times_to_milliseconds_and_scores_to_four_decimals(tmp_path):
    events, path = Events(TABLE), tmp_path / "events.csv"
    write_events(events, path)
    read = read_events(path)
    pd.testing.assert_frame_equal(read.table, events.table, check_exact=False, atol=5e-4, rtol=0)
    assert read.table.loc[0, ["start_s", "end_s", "score"]].tolist() == [0.333, 0.667, 0.1429]
    before = path.read_bytes()
    write_events(read, path)
    assert path.read_bytes() == before


def test_tubes_go_with_a_csv(tmp_path):
    events = Events(TABLE, TUBES)
    write_events(events, tmp_path / "events.csv", tmp_path / "tubes.parquet")
    read = read_events(tmp_path / "events.csv", tmp_path / "tubes.parquet")
    assert read.tubes["event"].tolist() == [1, 1]
    pd.testing.assert_frame_equal(read.tubes, events.tubes, check_dtype=False)
    assert read_events(tmp_path / "events.csv").tubes is None
    with pytest.raises(KinesicsError, match=r"e.parquet: tubes go with an events table in CSV: leave out t.parquet"):
        read_events("e.parquet", "t.parquet")
    with pytest.raises(KinesicsError, match=r"t.parquet: these events have no tubes: leave it out"):
        write_events(Events(TABLE), tmp_path / "other.csv", "t.parquet")
    assert not (tmp_path / "other.csv").exists()


def test_a_coding_sheet_is_read_by_name(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(CODING + "v,0,1.0,2.5,happy,1,0.1,0.2,0.3,0.4,a broad smile\nv,1,0.5,1.5,head_turn,0.5,0,0,1,1,\n")
    table = read_events(path, format="coding_sheet").table
    assert table["label"].tolist() == ["head_turn", "happy"]
    assert table["score"].tolist() == [0.5, 1.0]
    assert table["family"].tolist() == ["gesture", "emotion"]
    path.write_text(CODING + "v,0,1.0,2.5,smile,1,0.1,0.2,0.3,0.4,\n")
    with pytest.raises(KinesicsError, match=r"sheet.csv: line 2: column 'label': "):
        read_events(path, format="coding_sheet")


def test_a_format_that_can_only_be_read_is_not_written(tmp_path):
    with pytest.raises(KinesicsError, match=r"e.csv: the format coding_sheet can only be read: name another"):
        write_events(Events(TABLE), tmp_path / "e.csv", format="coding_sheet")
    assert list(tmp_path.iterdir()) == []
    assert isinstance(FORMATS["coding_sheet"], Format)
    assert not isinstance(ReadOnly("x", (".x",), lambda path, options: Events(TABLE)), WritableFormat)


def test_writers_are_found_by_name_or_ending():
    assert find_writer("E.CSV") is FORMATS["csv"]
    assert find_writer(Path("events.parquet")) is FORMATS["parquet"]
    assert find_writer("a.TextGrid") is FORMATS["textgrid"]
    assert find_writer("a.csv", "ava") is FORMATS["ava"]
    with pytest.raises(
        KinesicsError,
        match=r"e.dat: the ending '.dat' is of no known format: name the format \(--to\), or end it with .csv",
    ):
        find_writer("e.dat")
    with pytest.raises(KinesicsError, match=r"\.srt, \.json, \.xml, \.opf$"):  # each ending once
        find_writer("e.dat")
    with pytest.raises(
        KinesicsError, match=r"e.json: the ending '.json' is of several formats: .*label_studio, via, activity"
    ):
        find_writer("e.json")
    with pytest.raises(KinesicsError, match=r"'eaf' is not a format. The formats are csv, parquet, coding_sheet"):
        find_writer("e.csv", "eaf")


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if isinstance(one, WritableFormat)])
def test_readers_are_found_by_content(name, tmp_path):
    path = tmp_path / "what.it.is"
    frame = TABLE.assign(video="v", x0=0.1, y0=0.2, x1=0.3, y1=0.4)
    media = Media(rate_hz=25, width=640, height=360)
    write_events(Events(frame), path, format=name, options=Options(media=media, notify=ignore))
    assert find_reader(path) is FORMATS[name]
    assert find_reader(path, "csv") is FORMATS["csv"]
    if name not in ("parquet", "datavyu"):
        path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
        if name not in ("elan", "cvat"):  # XML that declares another encoding is no XML
            assert find_reader(path) is FORMATS[name]


def test_shared_endings_are_told_by_content(tmp_path):
    write_events(Events(TABLE.assign(video="v")), tmp_path / "a.xml", format="elan", options=Options(notify=ignore))
    assert find_reader(tmp_path / "a.xml") is FORMATS["elan"]
    write_events(Events(TABLE.assign(video="v")), tmp_path / "a.txt", format="textgrid", options=Options(notify=ignore))
    assert find_reader(tmp_path / "a.txt") is FORMATS["textgrid"]
    (tmp_path / "b.csv").write_text("video,persn,label,start_s,end_s\nv,3,nod,1,2\n")
    with pytest.raises(
        KinesicsError, match=r"b.csv: column 'person' is missing.* 0 in every row if there is one person"
    ):
        read_events(tmp_path / "b.csv")


def test_long_tables_are_told_by_their_start(tmp_path):
    path = tmp_path / "long.csv"
    lines = "".join(f"Grüßen,{k},{k + 1}\n" for k in range(20_000))
    for encoding in ("utf-8", "utf-16", "utf-16-le", "cp1252"):
        path.write_bytes(f"label,start,end\n{lines}".encode(encoding))
        assert find_reader(path) is FORMATS["table"]


def test_a_coding_sheet_is_found_by_content(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(CODING)
    assert find_reader(path) is FORMATS["coding_sheet"]
    assert find_reader("sheet.csv", "csv") is FORMATS["csv"]


@pytest.mark.parametrize("content", ["", "hello", "<p/>", '{"a": 1}', "[3]", "a,b\n1,2\n", "x,1,2,3,4\n"])
def test_what_cannot_be_told_is_refused_with_the_list(content, tmp_path):
    path = tmp_path / "e.dat"
    path.write_text(content)
    with pytest.raises(
        KinesicsError, match=r"e.dat: of no format that its ending '.dat' or its content tells: .* elan \(.eaf\)"
    ):
        read_events(path)
    with pytest.raises(KinesicsError, match=r"none.dat: of no format"):
        read_events(tmp_path / "none.dat")
    with pytest.raises(KinesicsError, match=r"none.json: no such file"):
        read_events(tmp_path / "none.json")


def test_a_file_of_one_video_holds_no_others(tmp_path):
    with pytest.raises(
        KinesicsError, match=r"e.eaf: a file of ELAN holds one video, but the events are of 2: choose one with"
    ):
        write_events(Events(TABLE), tmp_path / "e.eaf")


def test_rules_name_what_is_read(tmp_path):
    (tmp_path / "map.csv").write_text("value,tier,person,label,family\nnod,,7,yes,\nhappy,emotion,,-,\n,,,other,f\n")
    (tmp_path / "e.csv").write_text(
        "video,person,label,start_s,end_s\nv,0,nod,1,2\nv,0,happy,1,2\nv,0,wave,1,2\nv,3,wave,1,2\n"
    )
    options = Options(rules=read_rules(tmp_path / "map.csv"), notify=ignore)
    table = read_events(tmp_path / "e.csv", options=options).table
    assert table[["person", "label", "family"]].to_numpy().tolist() == [
        [0, "other", "f"],
        [3, "other", "f"],
        [7, "yes", ""],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tier,name\na,b\n", r"map.csv: line 1: column 'name' is none of tier, value, subject, person, label, family"),
        ("tier\na\n", r"map.csv: line 1: needs a column of tier, value, subject and one of person, label, family"),
        ("tier,label\na\n", r"map.csv: line 2: has 1 fields, the header 2"),
        ("tier,person\na,Ann\n", r"map.csv: line 2: person 'Ann' is not a whole number from 0"),
    ],
)
def test_rules_that_are_none_are_named(text, message, tmp_path):
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(KinesicsError, match=message):
        read_rules(tmp_path / "map.csv")


def test_files_that_are_no_tables_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"absent.parquet: no such file"):
        read_events(tmp_path / "absent.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(KinesicsError, match=r"bad.parquet: not an events table \(Parquet\): "):
        read_events(tmp_path / "bad.parquet")
    TABLE.drop(columns="label").to_parquet(tmp_path / "short.parquet")
    with pytest.raises(KinesicsError, match=r"short.parquet: column 'label' is missing"):
        read_events(tmp_path / "short.parquet")
