"""CSV and YAML files against schemas: errors name the file, the line and the column."""

import pytest

from kinesics.errors import KinesicsError
from kinesics.io.validation import check, read_table, read_yaml, schema

RULES = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {"name": {"pattern": "^[a-z]+$", "title": "a word in small letters"}, "size": {"enum": ["1", "2"]}},
}


def test_a_table_is_read_as_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,size,more\na,1,\nb,2,x\n")
    assert read_table(path, RULES) == [{"name": "a", "size": "1", "more": ""}, {"name": "b", "size": "2", "more": "x"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\na\n", "line 1: column 'size' is missing; the header is 'name'"),
        ("name,size\na,1\nB,1\n", "line 3: column 'name': 'B' is not a word in small letters"),
        ("name,size\na,3\n", "line 2: column 'size': \"3\" is not one of "),
        ("name,size\na,1\n\nb,1\n", "line 3: an empty line, or a line break inside a field"),
        ("name,size\na\n", "line 2: the number of fields differs from the header's 2"),
        ("name,size\na,1,x\n", "line 2: the number of fields differs from the header's 2"),
    ],
)
def test_an_invalid_row_is_named(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(KinesicsError) as error:
        read_table(path, RULES)
    assert str(error.value).startswith(f"{path}: {message}")


def test_files_that_are_no_tables_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"absent\.csv: no such file"):
        read_table(tmp_path / "absent.csv", RULES)
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(KinesicsError, match=r"bad.csv: not a CSV file in UTF-8"):
        read_table(tmp_path / "bad.csv", RULES)


def test_a_configuration_is_checked_key_by_key(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("detector: linear\ntracks: [a]\ntruth: [b]\noptions: {steps: 0}\n")
    with pytest.raises(KinesicsError, match=r"c.yaml: options.steps: 0 is less than the minimum of 1"):
        check(read_yaml(path), schema("train"), "c.yaml")
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(KinesicsError, match=r"c.yaml: not YAML: line 2: the key 'a' stands twice"):
        read_yaml(path)
