"""Tables of codings: separators, encodings, units, decimal commas, missing headers."""

import pandas as pd
import pytest
from support.interchange import MEDIA, read, rows

from kinesics.errors import KinesicsError
from kinesics.formats.coded_tables import column_role

EXPECTED = [(0, "nod", "", 1500, 2250), (1, "wave", "", 3000, 4000)]


@pytest.mark.parametrize(
    "text",
    [
        "label,person,start_s,end_s\nnod,0,1.5,2.25\nwave,1,3,4\n",
        "Label;Person;Start (s);Stop (s)\nnod;0;1,5;2,25\nwave;1;3,0;4\n",
        "code\tsubject\tonset\toffset\nnod\tP0\t1.5\t2.25\nwave\tP1\t3\t4\n",
        "Behaviour,Individual,begin_ms,end_ms\nnod,0,1500,2250\nwave,1,3000,4000\n",
        "value,speaker,Begin Time - hh:mm:ss.ms,End Time - hh:mm:ss.ms\n"
        "nod,0,00:00:01.500,00:00:02.250\nwave,1,00:00:03.0,0:00:04\n",
        "value,speaker,Begin Time - msec,Begin Time - ss.msec,End Time - msec,End Time - ss.msec\n"
        "nod,0,1,1.5,2,2.25\nwave,1,3,3,4,4\n",
        "event,actor,start,duration\nnod,0,1.5,0.75\nwave,1,3,1\n",
        "event,label,actor,start,end\n17,nod,0,1.5,2.25\n18,wave,1,3,4\n",
        "event,actor,start frame,end frame\nnod,0,37.5,56.25\nwave,1,75,100\n",
        '"label","person","start","end"\n" nod ","0","1.5","2.25"\n\n"wave","1","3","4"\n,,,\n',
    ],
)
def test_columns_are_known_by_many_names(text, tmp_path):
    path = tmp_path / "t.csv"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert rows(path, media=MEDIA) == EXPECTED
    assert read(path, media=MEDIA.__class__(rate_hz=25))["video"].tolist() == ["t", "t"]


def test_an_events_table_may_name_its_persons(tmp_path):
    path, notes = tmp_path / "t.csv", []
    text = "video,person,label,family,start_s,end_s,score\ntalk,Ann,nod,,1.5,2.25,0.5\ntalk,Ben,wave,,3,4,1\n"
    path.write_text(text)
    assert rows(path, notes) == EXPECTED
    assert notes == [f"{path}: persons: 0 is Ann, 1 is Ben"]
    assert read(path)[["video", "score"]].to_numpy().tolist() == [["talk", 0.5], ["talk", 1.0]]
    path.write_text("\n".join(f"{k - 1 if k else ''},{line}" for k, line in enumerate(text.splitlines())))
    assert rows(path) == EXPECTED  # with the index that pandas writes
    path.write_text(text.replace("Ann", "0"))
    with pytest.raises(KinesicsError, match="person 'Ben' is not a number"):
        rows(path)


def test_text_of_excel_on_windows_is_read_with_a_line(tmp_path):
    path, notes = tmp_path / "t.csv", []
    path.write_bytes("label;start;end\nGrüßen;1,5;2\n".encode("cp1252"))
    assert rows(path, notes) == [(0, "Grüßen", "", 1500, 2000)]
    assert notes == [f"{path}: not UTF-8: read as Windows-1252"]


def test_elan_exports_without_a_header_and_with_a_column_a_tier(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(
        "gesture\tAnn\t00:00:01.5\t00:00:02.25\t00:00:00.75\twave\nmouth\t\t00:00:02\t00:00:03\t00:00:01\tnod\n"
    )
    assert rows(path) == [(0, "wave", "gesture", 1500, 2250), (1, "nod", "mouth", 2000, 3000)]
    path.write_text("Begin Time\tEnd Time\tDuration\tgesture\tmouth\n1.5\t2.25\t0.75\twave\t\n2\t3\t1\thold\topen\n")
    assert rows(path) == [
        (0, "wave", "gesture", 1500, 2250),
        (0, "hold", "gesture", 2000, 3000),
        (0, "open", "mouth", 2000, 3000),
    ]


def test_segments_of_envisionhgdetector_and_tables_of_praat(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "start_time,end_time,labelid,label,duration\n0.13346666666666668,1.4681333333333335,1,Gesture,1.334666666666667\n"
    )
    assert rows(path) == [(0, "Gesture", "", 133, 1468)]
    path.write_text("tmin\ttier\ttext\ttmax\n0.5\tword\tmary\t1\n")
    assert rows(path) == [(0, "mary", "word", 500, 1000)]


def test_rows_without_an_end_are_points(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("time,code\n00:01:02,nod\n63.5,wave\n")
    assert [row[3:] for row in rows(path)] == [(62_000, 62_001), (63_500, 63_501)]
    path.write_text("Behavior,Behavior type,Start (s),Stop (s)\nnod,POINT,1,NA\n")
    assert rows(path) == [(0, "nod", "", 1000, 1001)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,start,end\nnod,1,x\n", r"t.tsv: row 2: end is 'x', not a time"),
        ("label,start,end\nnod,2,1\n", r"t.tsv: row 2: the end 1 s is before the start 2 s"),
        ("label,start,end\nnod,,1\n", r"t.tsv: row 2: has no start"),
        ("label,start,end\nnod,1,nan\nnod,inf,3\n", r"t.tsv: row 3: start is 'inf', not a time"),
        (
            "label,start,end\nnod,1e6,2e9\n",
            r"t.tsv: row 2: the time 2e\+09 s is more than eleven days: times are in seconds",
        ),
        ("label,start,end\nnod,-3,-2\n", r"t.tsv: row 2: the time -2 s is before the video: is an offset wrong\?"),
        (
            "label,start frame,end frame\nnod,1,2\n",
            r"times are in frames: give the video with --media, or its rate with --rate",
        ),
        ("a,b\n1,2\n", r"t.tsv: no table of events: columns that name a label and a start and end are needed"),
    ],
)
def test_errors_name_the_row(text, message, tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(KinesicsError, match=message):
        read(path, format="table")


def test_workbooks_are_read(tmp_path):
    path = tmp_path / "t.xlsx"
    pd.DataFrame(
        {"Behavior": ["nod", "wave"], "Subject": [0, 1], "Start (s)": [1.5, 3], "Stop (s)": [2.25, 4]}
    ).to_excel(path, index=False)
    assert rows(path) == EXPECTED
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(KinesicsError, match=r"t.xlsx: not a workbook, or damaged: "):
        read(path)
    with pytest.raises(KinesicsError, match=r"t.ods: of workbooks only .xlsx is read: save it so, or as .csv"):
        read(path.rename(tmp_path / "t.ods"))


def test_units_are_told_from_names():
    assert column_role("Start (s)") == ("start", "s")
    assert column_role("labels") == (None, "s")
    assert column_role(" Modifier #2 ") == ("modifier", "s")
    assert column_role("end_frame") == ("end", "frames")
