"""The tables of literature/ agree with their schemas, with each other and with the bibliography."""

import shutil
from pathlib import Path

import pytest
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics_paper.literature.tables import (
    UNVERIFIED,
    published_value,
    read_bibliography,
    read_literature,
    select,
    verification_mark,
)

FOLDER = ROOT / "literature"

FOUNDING = {
    "lian2024gpt4v": {
        "who": ["Lian, Zheng", "Sun, Licai", "Sun, Haiyang", "Chen, Kang", "Wen, Zhuofan", "Gu, Hao", "Liu, Bin",
                "Tao, Jianhua"],
        "journal": "Information Fusion", "volume": "108", "pages": "102367", "year": "2024",
        "doi": "10.1016/j.inffus.2024.102367", "eprint": "2312.04293",
        "title": "{GPT-4V with emotion: A zero-shot benchmark for Generalized Emotion Recognition}",
    },
    "zhang2025videollama3": {
        "year": "2025", "eprint": "2501.13106",
        "title": "{VideoLLaMA 3: Frontier Multimodal Foundation Models for Image and Video Understanding}",
    },
    "wang2024internvideo2": {
        "booktitle": "Computer Vision -- {ECCV} 2024, Part {LXXXV}", "pages": "396--416", "year": "2024",
        "doi": "10.1007/978-3-031-73013-9_23", "eprint": "2403.15377",
        "title": "{InternVideo2: Scaling Foundation Models for Multimodal Video Understanding}",
    },
    "simeoni2025dinov3": {"year": "2025", "eprint": "2508.10104", "title": "{DINOv3}"},
}  # fmt: skip
FIRST = {"lian2024gpt4v": "Lian, Zheng", "zhang2025videollama3": "Zhang, Boqiang", "wang2024internvideo2": "Wang, Yi",
         "simeoni2025dinov3": r"Sim{\'e}oni, Oriane"}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A copy of literature/ that a test may spoil."""
    return Path(shutil.copytree(FOLDER, tmp_path / "literature"))


def test_tables_are_consistent():
    tables = read_literature(FOLDER)
    assert len(tables["published_results"]) > 1500
    assert tables["published_results"]["value"].dtype == float


@pytest.mark.parametrize("key", FOUNDING)
def test_founding_references(key):
    entry = read_bibliography(FOLDER / "references.bib")[key]
    authors = entry["who"].split(" and ")
    assert authors[0] == FIRST[key]
    wanted = dict(FOUNDING[key])
    assert authors == wanted.pop("who", authors)
    assert {name: entry[name] for name in wanted} == wanted


def test_unverified_references_are_the_ones_with_a_gap():
    tables = read_literature(FOLDER)
    entries = read_bibliography(FOLDER / "references.bib")
    listed = set(tables["unverified_references"]["key"])
    assert listed >= {key for key, entry in entries.items() if entry["who"].startswith("{") or entry["year"] == "n.d."}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("published_results.csv", "lian2024gpt4v", "nobody2024", r"line 2: paper_key 'nobody2024' is not in"),
        ("published_results.csv", ",94.96,%", ",194.96,%", r"line 2: value 194.96 is outside 0 to 100"),
        ("published_results.csv", ",94.96,%", ",high,%", r"line 2: column 'value'"),
        ("published_results.csv", "IA-gen", "Cross-VAE", r"line 3: 'Cross-VAE' on 'CK\+', .* stands there twice"),
        ("published_results.csv", ",yes\n", ",maybe\n", r"line 2: column 'verified'"),
        ("systems.csv", ",full,yes,", ",moon,yes,", r"column 'tier'"),
        ("metrics_protocols.csv", ",yes\n", ",yes,too many\n", r"the number of fields"),
        ("references.bib", "@article{zhang2025videollama3", "@article{lian2024gpt4v", "the key is used twice"),
        ("references.bib", "and Tao, Jianhua}", "and others}", "the authors are not all listed"),
        ("references.bib", "  volume = {108},\n", "  volume = {108,\n", "brace is not closed"),
        ("references.bib", "  volume = {108},\n", "  volume = 108,\n", "is not a field in braces"),
        ("references.bib", "  volume = {108},\n", "  note = {[v] seen},\n", "is an internal one"),
        ("references.bib", "  journal = {Information Fusion},\n", "", "journal is missing"),
        ("references.bib", "@article{lian2024gpt4v", "@paper{lian2024gpt4v", "type 'paper' is not one of"),
    ],
)  # fmt: skip
def test_a_fault_is_named(folder, file, old, new, message):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KinesicsError, match=message):
        read_literature(folder)


@pytest.mark.parametrize("table", ["systems", "datasets", "metrics_protocols", "aliases"])
def test_a_line_that_stands_there_twice_is_named(folder, table):
    path = folder / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[1]]), encoding="utf-8")
    with pytest.raises(KinesicsError, match=rf"{table}\.csv: line \d+ repeats a line above"):
        read_literature(folder)


def test_lookup():
    results = read_literature(FOLDER)["published_results"]
    where = {"paper_key": "lian2024gpt4v", "system": "GPT-4V", "dataset": "CK+"}
    assert published_value(results, **where) == select(results, **where)["value"].item()
    with pytest.raises(KinesicsError, match=r"no row with system 'GPT-5V'"):
        published_value(results, system="GPT-5V")
    with pytest.raises(KinesicsError, match=r"rows with system 'GPT-4V'; one is wanted"):
        published_value(results, system="GPT-4V")


def test_unverified_values_are_marked():
    results = read_literature(FOLDER)["published_results"]
    where = {"paper_key": "emporio2022shrec", "system": "Stronger", "metric": "detection rate"}
    with pytest.raises(KinesicsError, match="not verified"):
        published_value(results, **where)
    assert published_value(results, unverified=True, **where) > 0
    assert verification_mark("no") == UNVERIFIED
    assert verification_mark("yes") == ""


def test_missing_file(tmp_path):
    with pytest.raises(KinesicsError, match=r"references.bib: no such file"):
        read_literature(tmp_path)
