"""Formats of events: chosen by name or ending, read, and written where they can be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kinesics.errors import KinesicsError
from kinesics.formats.base import Format, ReadOnly, WritableFormat
from kinesics.formats.registry import FORMATS, find_format, read_events, write_events
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
    with pytest.raises(KinesicsError, match=r"e.csv: this format can only be read: name another"):
        write_events(Events(TABLE), tmp_path / "e.csv", format="coding_sheet")
    assert list(tmp_path.iterdir()) == []
    assert isinstance(FORMATS["coding_sheet"], Format)
    assert not isinstance(ReadOnly((".x",), lambda path: Events(TABLE)), WritableFormat)


def test_formats_are_found_by_name_or_ending():
    assert find_format("E.CSV") is FORMATS["csv"]
    assert find_format(Path("events.parquet")) is FORMATS["parquet"]
    assert find_format("sheet.csv", "coding_sheet") is FORMATS["coding_sheet"]
    with pytest.raises(
        KinesicsError, match=r"e.txt: the ending '.txt' is of no known format: name the format, or end it with .csv, "
    ):
        find_format("e.txt")
    with pytest.raises(KinesicsError, match=r"'eaf' is not a format. The formats are csv, parquet, coding_sheet"):
        find_format("e.csv", "eaf")


def test_files_that_are_no_tables_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"absent.parquet: no such file"):
        read_events(tmp_path / "absent.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(KinesicsError, match=r"bad.parquet: not an events table \(Parquet\): "):
        read_events(tmp_path / "bad.parquet")
    TABLE.drop(columns="label").to_parquet(tmp_path / "short.parquet")
    with pytest.raises(KinesicsError, match=r"short.parquet: column 'label' is missing"):
        read_events(tmp_path / "short.parquet")
