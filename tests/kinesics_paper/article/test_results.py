"""Numbers and tables of the article repeat what is in the files."""

import json
import os
import subprocess

import pytest

from kinesics.errors import KinesicsError
from kinesics.formats.coding_sheet import read_coding
from kinesics.io.files import HOST, replacing, write_json
from kinesics.io.validation import read_table, schema
from kinesics_paper.article import latex, latex_numbers

HEADER = "clip,person,label,start_s,end_s,confidence,x0,y0,x1,y1,note\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.4249, "0.42"),
        (-0.016, r"\ensuremath{-}0.02"),
        (-0.001, "0.00"),
        (12345, r"12\,345"),
        (None, "--"),
        ("as it is", "as it is"),
    ],
)
def test_numbers_are_printed_properly(value, shown):
    assert latex_numbers.text(value) == shown


def test_scores_are_printed_with_their_interval():
    assert latex_numbers.interval({"value": 0.5, "low": -0.1, "high": 0.75}) == r"0.50 [\ensuremath{-}0.10, 0.75]"
    assert latex_numbers.interval({"value": 0.5, "low": None, "high": None}) == "0.50"
    assert latex_numbers.power_of_ten(7.8e-7) == r"\ensuremath{8\times10^{-7}}"


def test_both_number_files_hold_the_same(tmp_path):
    latex_numbers.write({"b.c_30": 0.256, "a": None}, tmp_path / "n.tex", tmp_path / "n.json")
    lines = (tmp_path / "n.tex").read_text().splitlines()
    assert lines[1:] == [r"\kxnumber{a}{--}", r"\kxnumber{b.c_30}{0.26}"]
    values = json.loads((tmp_path / "n.json").read_text())
    assert values == {"a": {"text": "--", "value": None}, "b.c_30": {"text": "0.26", "value": 0.256}}


def test_latex_is_escaped():
    assert latex.escape(r"a_b & 50% {x} \y ~ ^ #1 $") == (
        r"a\_b \& 50\% \textbraceleft{}x\textbraceright{} \textbackslash{}y \textasciitilde{} \textasciicircum{} \#1 \$"
    )


def test_a_table_has_its_rules_where_given():
    lines = latex.table("ll", ["x", "y"], [["1", "2"], ["3", "4"]], (1,)).splitlines()
    assert lines[1:-2] == [r"\toprule", r"x & y \\", r"\midrule", r"1 & 2 \\", r"\midrule", r"3 & 4 \\"]


def test_a_coding_becomes_events(tmp_path):
    path = tmp_path / "coder.csv"
    path.write_text(HEADER + 'v,1,head_turn,2.00,3.25,0.5,0.1,0.2,0.3,0.4,"left, then right"\n')
    events = read_coding(path)
    assert events.iloc[0].tolist() == ["v", 1, "head_turn", "gesture", 2.0, 3.25, 0.5, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("v,0,smile,0,1,1,0,0,1,1,", "line 3: column 'label': .smile. is not one of"),
        ("v,0,happy,0,1,2,0,0,1,1,", "line 3: column 'confidence': .2. is not one of"),
        ("v,0,happy,0,1,1,0,0,1.2,1,", "line 3: column 'x1': .1.2. is not a fraction from 0 to 1"),
        ("v,0,happy,0,1,1,0,0,1", "line 3: the number of fields differs from the header's 11"),
        ("v,0,happy,2,1,1,0,0,1,1,", "line 3: end_s 1 is not after start_s"),
    ],
)
def test_a_slip_of_the_annotator_is_named(tmp_path, row, message):
    path = tmp_path / "coder.csv"
    path.write_text(HEADER + "v,0,happy,0,1,1,0,0,1,1,\n" + row + "\n")
    with pytest.raises(KinesicsError, match=message):
        read_coding(path)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new/file.json"
    write_json(path, {"b": 1, "a": [None]})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="nan"), replacing(path) as temporary:
        temporary.write_text("half")
        raise ValueError("nan")
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_table_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "coder.csv"
    path.write_bytes(b"\xff\x00\xfe")
    with pytest.raises(KinesicsError, match="not a CSV file in UTF-8"):
        read_table(path, schema("coding"))
    with pytest.raises(KinesicsError, match="no such file"):
        read_table(tmp_path / "absent.csv", schema("coding"))


def test_what_a_killed_writer_left_is_deleted_and_a_living_ones_is_not(tmp_path):
    killed = subprocess.Popen(["true"])
    killed.wait()
    stale = tmp_path / f".{HOST}-{killed.pid}.file.json"
    alive = tmp_path / f".{HOST}-{os.getppid()}.file.json"
    stale.touch()
    alive.touch()
    write_json(tmp_path / "file.json", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, "file.json"])


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(KinesicsError, match=r"file/out.json: cannot be written: (Not a directory|File exists)"):
        write_json(tmp_path / "file/out.json", 1)
    with pytest.raises(KinesicsError, match="cannot be written: is a folder"):
        write_json(tmp_path, 1)
