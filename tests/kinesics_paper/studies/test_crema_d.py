"""CREMA-D's votes: small cases, and the released table where it is there."""

import json
import os
from pathlib import Path

import pytest
from support import ROOT
from support.miniature import CREMA_D_HEADER as HEADER
from support.miniature import crema_d_line as line
from support.miniature import write_crema_d

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics_paper.datasets.crema_d import EMOTIONS, MODALITIES, read_crowd, read_votes
from kinesics_paper.literature.tables import read_literature
from kinesics_paper.studies.crema_d import rate, score_crema_d

MIRROR = os.environ.get("KINESICS_MIRROR")
RESULTS = read_literature(ROOT / "literature")["published_results"]


@pytest.fixture
def miniature(tmp_path):
    return write_crema_d(tmp_path)


@pytest.mark.skipif(not MIRROR, reason="KINESICS_MIRROR is not set")
def test_released_votes_come_within_a_point_of_the_published_rates(tmp_path):
    records = score_crema_d(Path(MIRROR) / "crema-d", RESULTS, resamples=200)
    quoted = {record["variant"]: record for record in records if record["published"] is not None}
    assert set(quoted) == set(MODALITIES)
    assert all(abs(record["value"] - record["published"]) < 1 for record in quoted.values())
    assert all(record["low"] < record["value"] < record["high"] for record in records)
    values = [quoted[modality]["value"] for modality in MODALITIES]
    assert values == sorted(values)


def test_miniature(miniature, tmp_path):
    records = score_crema_d(miniature, RESULTS, resamples=50)
    write_json(tmp_path / "out.json", records)
    assert json.loads((tmp_path / "out.json").read_text()) == records
    value = {(record["variant"], record["metric"]): record["value"] for record in records}
    assert value["face", "votes"] == 75
    assert value["face", "crowd"] == 100
    assert value["voice", "votes"] == 25
    assert value["voice", "crowd for fear"] == 0
    assert value["voice and face", "votes, mean of emotions"] == 25


def test_a_tied_crowd_counts_by_its_share(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(f"{HEADER}\n{line('100001', [2, 0, 0, 0, 2, 0], '1001_IEO_ANG_XX', 'A:N')}\n")
    assert rate(read_votes(path))["crowd"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (line("400001", [1] * 6, "1001_IEO_ANG_XX", "A:D:F:H:N:S"), r"line 2: .*400001. does not match"),
        (line("100001", [9, 0, 0, 0, 0, 0], "1001_IEO_JOY_XX", "A"), r"line 2: emotion 'JOY' of clip .* is unknown"),
        (line("100001", [9, 0, 0, 0, 0, 0], "1001-IEO", "A"), r"line 2: column 'fileName'"),
        (line("100001", [9, 0, 0, 0, 0, 0], "1001_IEO_ANG_XX", "N"), r"line 2: most votes are for A, but"),
        ("100001,9,0,0,0,0,0,1001_IEO_ANG_XX,8,1,A", r"line 2: 9 votes, but numResponses says 8"),
        ("100001,nine,0,0,0,0,0,1001_IEO_ANG_XX,9,1,A", r"line 2: column 'A'"),
        ("100001,9", r"line 2: the number of fields"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(tmp_path, row, message):
    path = tmp_path / "tabulatedVotes.csv"
    path.write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(KinesicsError, match=rf"tabulatedVotes.csv: {message}"):
        score_crema_d(tmp_path, RESULTS, resamples=10)


def test_empty_and_repeated(miniature):
    path = miniature / "tabulatedVotes.csv"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows, rows[1]]) + "\n")
    with pytest.raises(KinesicsError, match=r"line 38: clip '1001_IEO_ANG_XX' stands twice among the ratings by voice"):
        read_votes(path)
    path.write_text(f"{HEADER}\n")
    with pytest.raises(KinesicsError, match=r"no rows"):
        read_votes(path)


def test_the_crowds_shares_are_those_of_the_votes(miniature):
    """By face 3 of 4 votes are right, by voice and by both 1 of 4."""
    crowd = read_crowd(miniature).set_index(["video", "modality"])
    assert len(crowd) == 12 * len(MODALITIES)
    assert (crowd["n"] == 4).all()
    assert crowd[list(EMOTIONS.values())].sum(axis=1).to_numpy() == pytest.approx(1)
    assert crowd.loc[("1002_IEO_HAP_XX", "face"), "happy"] == 0.75
    assert crowd.loc[("1002_IEO_HAP_XX", "voice"), "happy"] == 0.25
