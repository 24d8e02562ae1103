"""The runs of SHREC 2022: the track's rules on small cases, its numbers where the data are there."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from support import ROOT
from support.miniature import write_shrec2022

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics_paper.datasets.shrec2022 import RUNS, read_sequences
from kinesics_paper.literature.tables import read_literature
from kinesics_paper.studies.shrec2022 import count_classes, match, rates, score_shrec2022

MIRROR = os.environ.get("KINESICS_MIRROR")
RESULTS = read_literature(ROOT / "literature")["published_results"]


@pytest.fixture
def miniature(tmp_path):
    return write_shrec2022(tmp_path / "shrec2022")


@pytest.mark.skipif(not MIRROR, reason="KINESICS_MIRROR is not set")
def test_quoted_numbers_are_matched(tmp_path):
    records = score_shrec2022(Path(MIRROR) / "shrec2022", RESULTS)
    quoted = [record for record in records if record["published"] is not None]
    assert len(quoted) == 16
    for record in quoted:
        half = 0.05 if record["metric"].startswith("delay") else 0.005
        assert abs(record["value"] - record["published"]) < half + 1e-9, record
    assert {record["variant"] for record in records} == set(RUNS)


def test_miniature(miniature, tmp_path):
    records = score_shrec2022(miniature, RESULTS, resamples=50)
    write_json(tmp_path / "out.json", records)
    assert json.loads((tmp_path / "out.json").read_text()) == records
    value = {record["metric"]: record["value"] for record in records if record["variant"] == "Stronger"}
    assert value == {
        "detection rate": 0.5,
        "false-positive rate": 1 / 16,
        "Jaccard index": 0.5,
        "delay from the reported start": 7,
        "delay from the true start": 9,
    }


@pytest.mark.parametrize(
    ("detections", "matched"),
    [
        ([("ONE", 0, 10, 5)], [0]),
        ([("TWO", 0, 10, 5)], [None]),
        ([("ONE", 5, 15, 7)], [0]),  # half of the gesture is covered
        ([("ONE", 6, 16, 7)], [None]),
        ([("ONE", 0, 20, 5)], [0]),  # twice as long
        ([("ONE", 0, 21, 5)], [None]),
        ([("ONE", 0, 10, 5), ("ONE", 1, 9, 5)], [0, None]),  # a gesture is found once
        ([("ONE", 1, 9, 5), ("ONE", 30, 40, 35)], [0, 1]),
    ],
)
def test_rule(detections, matched):
    assert match([("ONE", 0, 10), ("ONE", 30, 40)], detections) == matched


def test_a_class_without_gestures_is_left_out():
    numbers = count_classes({"1": [("ONE", 0, 10)]}, {"1": [("ONE", 0, 10, 4)]})
    assert rates(numbers.sum(0))["detection rate"] == 1
    assert np.isfinite(rates(numbers)["Jaccard index"]).all()


def test_line_ends_and_missing_semicolons_are_repaired(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"1;ONE;0;10;5;\r\n2;TWO;0;10;5")
    assert read_sequences(tmp_path / "a.txt", decisions=True) == {"1": [("ONE", 0, 10, 5)], "2": [("TWO", 0, 10, 5)]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1;ONE;0;10\n2;SEVEN;0;10\n", r"a.txt: line 2: label 'SEVEN' is unknown"),
        ("1;ONE;0;10;\n2;TWO;0\n", r"a.txt: line 2: 2 fields after the sequence"),
        ("1;ONE;0;ten\n", r"a.txt: line 1: ONE has frames"),
        ("1;ONE;10;10\n", r"a.txt: line 1: ONE ends at frame 10, not after its start 10"),
        ("1;ONE;0;10\n1;TWO;0;10\n", r"a.txt: line 2: sequence 1 stands there twice"),
        ("one;ONE;0;10\n", r"a.txt: line 1: 'one' is not the number of a sequence"),
        ("1;ONE;0;10\n\n", r"a.txt: line 2: '' is not the number of a sequence"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(KinesicsError, match=message):
        read_sequences(tmp_path / "a.txt", decisions=False)


def test_missing_file_and_sequence(miniature, tmp_path):
    run = miniature / "participants_results" / "Stronger.txt"
    run.write_text("1;ONE;0;10;5")
    with pytest.raises(KinesicsError, match=r"Stronger.txt: sequence 2 stands in only one"):
        score_shrec2022(miniature, RESULTS, resamples=10)
    run.unlink()
    with pytest.raises(KinesicsError, match=r"Stronger.txt: no such file"):
        score_shrec2022(miniature, RESULTS, resamples=10)
