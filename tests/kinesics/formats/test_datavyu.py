"""Datavyu: projects with escaped codes and line breaks, exported spreadsheets, damaged archives."""

import zipfile

import pytest
from support.interchange import options, read, rows, table

from kinesics.errors import KinesicsError
from kinesics.formats import source
from kinesics.formats.registry import write_events

DB = """#4
look (MATRIX,true,)-dir|NOMINAL,who|NOMINAL
00:00:01:000,00:00:02:500,(left,mother)
00:00:03:000,00:00:00:000,(a\\, b \\(c\\),<who>)
00:00:04:000,00:00:05:000,(<dir>,)
note (TEXT,false,a comment)
01:00:00:010,01:00:01:000,two \\
lines
"""


def opf(path, db):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("db", db)
        archive.writestr("project", "!project\n")
    return path


def test_cells_are_events_and_their_first_code_the_label(tmp_path):
    path, notes = opf(tmp_path / "a.opf", DB.replace("\n", "\r\n")), []
    assert rows(path, notes) == [
        (0, "left", "look", 1000, 2500),
        (0, "a, b (c)", "look", 3000, 3001),
        (0, "two  lines", "note", 3_600_010, 3_601_000),
    ]
    assert [note.removeprefix(f"{path}: ") for note in notes] == [
        "1 annotations are point events: they are 0.001 s long",
        "1 annotations have modifiers or further codes, which are left out: --modifiers puts them into labels",
        "1 annotations have no value: left out",
    ]
    assert rows(path, modifiers=True)[0][1] == "left|mother"


@pytest.mark.parametrize(
    ("db", "message"),
    [
        ("00:00:01:000,00:00:02:500,(x)\n", r"a.opf: line 1 of its spreadsheet: a cell without a column"),
        (
            "#4\nlook (MATRIX,true,)-c|NOMINAL\nnonsense\n",
            r"line 3 of its spreadsheet: 'nonsense' is no column and no cell",
        ),
        (
            "#4\nx (MATRIX,true,)-c|NOMINAL\n00:00:02:000,00:00:01:000,(a)\n",
            r"column 'x', line 3: the end 1 s is before the",
        ),
    ],
)
def test_errors_name_the_line(db, message, tmp_path):
    with pytest.raises(KinesicsError, match=message):
        read(opf(tmp_path / "a.opf", db))


def test_exported_spreadsheets_have_their_columns_side_by_side(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "look.ordinal,look.onset,look.offset,look.dir,,nod.ordinal,nod.onset,nod.offset,nod.code01\n"
        "1,1000,2500,left,,1,500,0,yes\n2,00:00:03:000,00:00:04:000,right,,,,,\n"
    )
    assert rows(path) == [
        (0, "yes", "nod", 500, 501),
        (0, "left", "look", 1000, 2500),
        (0, "right", "look", 3000, 4000),
    ]
    path.write_text(path.read_text().replace("2500", "soon"))
    with pytest.raises(KinesicsError, match=r"a.csv: row 2: look has no times: 1000, soon"):
        read(path)


def test_archives_that_are_none_damaged_or_too_large_are_refused(tmp_path, monkeypatch):
    path = opf(tmp_path / "a.opf", DB)
    whole = path.read_bytes()
    for content, message in [
        (whole[:-30], "not a ZIP archive"),
        (b"", "not a ZIP archive"),
        (b"PK\x03\x04", "not a ZIP archive"),
    ]:
        path.write_bytes(content)
        with pytest.raises(KinesicsError, match=rf"a.opf: {message}, or damaged"):
            read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "x")
    with pytest.raises(KinesicsError, match=r"a.opf: has no file 'db' inside"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("db", b"0" * 2_000_000)
    monkeypatch.setattr(source, "LARGEST", 1_000_000)
    with pytest.raises(KinesicsError, match=r"a.opf: 'db' inside is larger than 0 MiB"):
        read(path)


def test_what_is_written_has_a_column_a_person(tmp_path):
    events = table((0, "happy", 1, 2), (3, "a, (b)", 3600, 3600.001, "x-y"), score=[1, 0.5])
    write_events(events, tmp_path / "talk.opf", options=options())
    with zipfile.ZipFile(tmp_path / "talk.opf") as archive:
        assert archive.read("db").decode() == (
            "#4\nperson0 (MATRIX,true,)-label|NOMINAL,family|NOMINAL,score|NOMINAL\n"
            "00:00:01:000,00:00:02:000,(happy,emotion,1.0000)\n"
            "person3 (MATRIX,true,)-label|NOMINAL,family|NOMINAL,score|NOMINAL\n"
            "01:00:00:000,01:00:00:000,(a\\, \\(b\\),x\\-y,0.5000)\n"
        )
