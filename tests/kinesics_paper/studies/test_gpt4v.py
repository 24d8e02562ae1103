"""GPT-4V's released answers: the published numbers where the data are there, a miniature of them everywhere."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score
from support import ROOT
from support.miniature import write_answers, write_gpt4v

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json
from kinesics.metrics.bootstrap import percentile_interval
from kinesics_paper.datasets.gpt4v_emotion import read_answers, read_sample_names
from kinesics_paper.literature.records import KEYS, find, read_records
from kinesics_paper.literature.tables import read_literature
from kinesics_paper.studies import contingency
from kinesics_paper.studies.gpt4v import AS_PUBLISHED, apply_options, comparison, score_gpt4v

MIRROR = os.environ.get("KINESICS_MIRROR")
needs_mirror = pytest.mark.skipif(not MIRROR, reason="KINESICS_MIRROR is not set")
RESULTS = read_literature(ROOT / "literature")["published_results"]


@pytest.fixture
def miniature(tmp_path):
    return write_gpt4v(tmp_path)


@pytest.mark.slow
@needs_mirror
def test_every_published_number_is_matched(tmp_path):
    start = time.monotonic()
    records = score_gpt4v(Path(MIRROR) / "gpt4v-emotion", RESULTS)
    assert time.monotonic() - start < 60
    table = comparison(records)
    assert len(table) == 25
    assert table["dataset"].str.replace(r" \(.*", "", regex=True).nunique() == 19
    assert table["matched"].all(), table[~table["matched"]]
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()


@pytest.mark.slow
@needs_mirror
def test_each_unwritten_choice_changes_the_number(tmp_path):
    records = score_gpt4v(Path(MIRROR) / "gpt4v-emotion", RESULTS, resamples=50)
    value = {(r["dataset"], r["variant"], r["metric"]): r["value"] for r in records}
    for dataset, variant, metric in [
        ("eNTERFACE05", "outside: wrong", "WAR"),
        ("CMU-MOSI", "neutral: positive", "weighted F1"),
        ("CH-SIMS", "zero: negative", "weighted F1"),
        ("MER2023", "surprise: matched", "accuracy"),
    ]:
        assert abs(value[dataset, variant, metric] - value[dataset, AS_PUBLISHED, metric]) > 0.5


def test_miniature(miniature, tmp_path):
    records = score_gpt4v(miniature, RESULTS, resamples=100)
    write_json(tmp_path / "gpt4v.json", records)
    assert json.loads((tmp_path / "gpt4v.json").read_text()) == records
    assert all(set(record) == set(KEYS) for record in records)
    table = comparison(records)
    assert len(table) == 25
    ckplus = table[table["dataset"] == "CK+"].iloc[0]
    assert ckplus["value"] == pytest.approx(100 * 4 / 12)
    assert ckplus["n"] == 12
    by = {(r["dataset"], r["variant"], r["metric"]): r["value"] for r in records}
    assert by["CK+", AS_PUBLISHED, "answered"] == pytest.approx(100 * 12 / 13)
    assert by["CK+", AS_PUBLISHED, "rank-7 accuracy"] == 100
    assert by["CK+", "chance", "accuracy"] == pytest.approx(100 / 7)


def test_same_seed_same_bytes(miniature, tmp_path):
    for name in ("a.json", "b.json"):
        write_json(tmp_path / name, score_gpt4v(miniature, RESULTS, resamples=20))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("s3,joy,\"joy,fear\"", r"label-gpt4v.csv: line 5: label 'joy' is unknown; known are anger, contempt"),
        ("s3,fear", r"label-gpt4v.csv: line 5: the number of fields"),
        ("s3,fear,\"fear\",more", r"label-gpt4v.csv: line 5: the number of fields"),
        ("s3,fear,", r"label-gpt4v.csv: line 5: column 'gpt4v'"),
        ("s3,fear,\"fear,,anger\"", r"label-gpt4v.csv: line 5: column 'gpt4v'"),
        ("", r"label-gpt4v.csv: line 5: an empty line, or a line break inside a field"),
        ('s3,fear,"fear,\nanger"', r"label-gpt4v.csv: line 5: an empty line, or a line break inside a field"),
        (",fear,fear", r"label-gpt4v.csv: line 5: column 'name'"),
        ("s2,fear,fear", r"label-gpt4v.csv: line 5: sample 's2' stands in line 4 too"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_written(miniature, tmp_path, line, message):
    path = miniature / "results" / "ckplus" / "label-gpt4v.csv"
    lines = path.read_text().splitlines()
    lines[4] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(KinesicsError, match=message):
        score_gpt4v(miniature, RESULTS, resamples=10)


@pytest.mark.slow
def test_missing_empty_and_not_numeric(miniature, tmp_path):
    path = miniature / "results" / "cmumosi" / "label-gpt4v-multi.csv"
    path.write_text(path.read_text().replace("1.4", "high", 1))
    with pytest.raises(KinesicsError, match=r"label-gpt4v-multi.csv: line 2: label 'high' is not a number"):
        score_gpt4v(miniature, RESULTS, resamples=10)
    path.write_text("name,gt,gpt4v\n")
    with pytest.raises(KinesicsError, match=r"label-gpt4v-multi.csv: no rows"):
        score_gpt4v(miniature, RESULTS, resamples=10)
    path.unlink()
    with pytest.raises(KinesicsError, match=r"label-gpt4v-multi.csv: no such file"):
        score_gpt4v(miniature, RESULTS, resamples=10)


def test_polarity_of_eight_emotions(tmp_path):
    write_answers(
        tmp_path / "a.csv", [["a", "positive", "Awe,Sad"], ["b", "negative", "Content,Fear"], ["c", "negative", "odd"]]
    )
    classes = ["positive", "negative"]
    options = {"outside": "wrong", "zero": "", "neutral": "", "surprise": ""}
    decided = apply_options(read_answers(tmp_path / "a.csv", classes), options, classes)
    assert decided["answer"].tolist() == ["positive", "positive", "odd"]
    assert decided["rank"].tolist() == [1, 2, 0]
    assert len(apply_options(read_answers(tmp_path / "a.csv", classes), options | {"outside": "dropped"}, classes)) == 2


def test_sentiment_options(tmp_path):
    write_answers(tmp_path / "a.csv", [["a", "0.0", "neutral"], ["b", "-1", "neutral"], ["c", "2", "weakly positive"]])
    classes = ["positive", "negative"]
    options = {"outside": "wrong", "zero": "dropped", "neutral": "negative", "surprise": ""}
    table = read_answers(tmp_path / "a.csv", classes, numeric=True)
    assert apply_options(table, options, classes)["answer"].tolist() == ["negative", "positive"]
    assert apply_options(table, options | {"neutral": "positive"}, classes)["answer"].tolist() == [
        "positive",
        "positive",
    ]
    assert apply_options(table, options | {"zero": "negative"}, classes)["truth"].tolist() == [
        "negative",
        "negative",
        "positive",
    ]


def test_labels_are_read(miniature):
    assert len(read_sample_names(miniature / "results" / "ckplus" / "label.csv")) == 13


def test_measures_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    classes = list("abcd")
    truth, answer = rng.choice(classes, 200), rng.choice([*classes, "none"], 200)
    table = contingency.contingency_table(truth, answer, classes)
    assert contingency.accuracy(table) == pytest.approx(accuracy_score(truth, answer))
    assert contingency.uar(table) == pytest.approx(recall_score(truth, answer, labels=classes, average="macro"))
    assert contingency.weighted_f1(table) == pytest.approx(f1_score(truth, answer, labels=classes, average="weighted"))
    many = np.stack([table, table])
    assert contingency.weighted_f1(many) == pytest.approx([contingency.weighted_f1(table)] * 2)


def test_references_and_resamples():
    table = contingency.contingency_table(list("aaab"), list("aabb"), list("ab"))
    assert contingency.accuracy(contingency.chance(table)) == 0.5
    assert contingency.accuracy(contingency.majority(table)) == 0.75
    assert contingency.entropy(np.array([2, 2])) == 1.0
    assert contingency.entropy(np.array([4, 0])) == 0.0
    drawn = contingency.resample(table, 500)
    assert (drawn.sum((1, 2)) == 4).all()
    low, high = percentile_interval(np.append(0.75, contingency.accuracy(drawn)))
    assert 0 <= low < 0.75 < high <= 1


def test_recall_of_an_absent_class_is_left_out():
    table = contingency.contingency_table(list("aa"), list("ab"), list("abc"))
    assert np.isnan(contingency.recall(table)[1:]).all()
    assert contingency.uar(table) == 0.5


def test_records_are_found_or_named(miniature, tmp_path):
    records = score_gpt4v(miniature, RESULTS, resamples=10)
    write_json(tmp_path / "gpt4v.json", records)
    assert read_records(tmp_path / "gpt4v.json") == records
    assert find(records, "CK+", "chance", "accuracy")["n"] == 12
    with pytest.raises(KinesicsError, match="no result for 'accuracy' of 'luck' on 'CK\\+'"):
        find(records, "CK+", "luck", "accuracy")
    (tmp_path / "wrong.json").write_text("{}")
    with pytest.raises(KinesicsError, match=r"wrong.json: not a list of records"):
        read_records(tmp_path / "wrong.json")
    with pytest.raises(KinesicsError, match=r"gone.json: no such file"):
        read_records(tmp_path / "gone.json")
