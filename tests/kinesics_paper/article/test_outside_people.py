"""The outside test is printed by annotation and by person, also where a detector finds nothing."""

import json

import pytest

from kinesics_paper.article.numbers.outside_people import outside_numbers
from kinesics_paper.article.tables.outside_people import table


@pytest.fixture
def scores(tmp_path):
    """Return a file of scores: ``ranked`` finds one of two shakes, ``rules`` nothing."""
    part = {"label": "head_turn", "people": 1, "n": 2, "length_s": 1.25, "found_length_s": None}
    found = part | {"detected": 1.0, "precision": 1.0, "recall": 0.5, "f1_50": 2 / 3, "auc": 0.9}
    nothing = part | {"detected": 0.0, "precision": None, "recall": 0.0, "f1_50": 0.0, "auc": None}
    entry = lambda f1, part: {"f1_50": f1, "people": {"uci/b": f1}, "parts": {"negative": part}}  # noqa: E731
    result = {
        "people": ["uci/b"],
        "streams": 1,
        "learned_from": 6,
        "learned_length_s": {"head_turn": 2.0},
        "detectors": {"ranked": entry(2 / 3, found), "rules": entry(0.0, nothing), "chance": entry(0.0, nothing)},
        "difference": {"value": 2 / 3, "won": 1, "tied": 0, "lost": 0},
        "brows": {"auc": 0.75},
        "faces": {"3": {"ranked": 0.5}, "2.5": {"ranked": 0.25}, "10": {"ranked": 0.75}},
    }
    path = tmp_path / "outside.json"
    path.write_text(json.dumps(result))
    return path


def test_the_table_has_a_row_per_annotation_and_person(scores, tmp_path):
    table(scores, tmp_path / "outside.tex")
    lines = (tmp_path / "outside.tex").read_text().splitlines()
    row = r"head turn: negative & 1 & 2 & 1 & 1.00 & 0.50 & 0.67 & 0.90 & 0 & -- & 0.00 & 0.00 & -- & 0.00 \\"
    assert row in lines
    assert r"\texttt{uci/b} &  &  &  &  &  & 0.67 &  &  &  &  & 0.00 &  & 0.00 \\" in lines
    assert lines[-3].startswith("mean over people")
    assert {line.count("&") for line in lines if line.endswith(r"\\") and "multicolumn" not in line} == {13}


def test_numbers_name_what_a_detector_reaches(scores):
    numbers = outside_numbers([scores])
    assert numbers["outside.ranked.negative.recall"] == 0.5
    assert numbers["outside.rules.negative.precision"] is None
    assert numbers["outside.difference.won"] == 1
    assert (numbers["outside.ranked.negative.length_s"], numbers["outside.learned_length_s.head_turn"]) == (
        "1.2",
        "2.0",
    )
    assert (numbers["outside.faces.less"], numbers["outside.faces.less.ranked"]) == ("2.5", 0.25)
    assert (numbers["outside.faces.more"], numbers["outside.faces.more.ranked"]) == ("10", 0.75)
    assert outside_numbers([]) == {}
