"""The command ``score``: files in, a report and JSON out, refusals in one line."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from kinesics.cli.main import main
from kinesics.io.files import write_text
from kinesics.structures.events import TUBE_COLUMNS, read_events_csv, write_tubes


def test_a_prediction_scored_against_itself_is_perfect(detected, tmp_path, capsys):
    events, out = str(detected / "events.csv"), tmp_path / "scores.json"
    assert main(["score", "--truth", events, "--predicted", events, "--json", str(out), "--resamples", "100"]) == 0
    assert "f1_50" in capsys.readouterr().out
    scores = json.loads(out.read_text())
    assert scores["metrics"]["f1_50"]["value"] == scores["metrics"]["map"]["value"] == 1.0


@pytest.mark.slow
def test_two_detectors_are_compared_and_diagnosed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    header = "video,person,label,start_s,end_s,score"
    rows = [f"v{k},0,happy,{10 * k},{10 * k + 4},0.{9 - k}" for k in range(6)]
    for name, kept in (("truth", rows), ("good", rows[:5]), ("bad", rows[:1])):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *kept[::-1]]) + "\n")
        boxes = [
            (len(kept) - 1 - k, 10 * k + at / 10, 0.1, 0.1, 0.5, 0.5) for k in range(len(kept)) for at in range(40)
        ]  # numbered by the rows of the file, which are not sorted
        write_tubes(pd.DataFrame(boxes, columns=TUBE_COLUMNS), tmp_path / f"{name}.parquet")
    command = ["score", "--truth", "truth.csv", "--predicted", "good.csv", "--resamples", "50", "--by-video"]
    assert (
        main([*command, *["--predicted", "good.csv", "--compare", "bad.csv", "--diagnose", "--json", "out.json"]]) == 0
    )
    text = capsys.readouterr().out
    assert "difference to the other" in text
    assert "background" in text
    assert "levenshtein" not in text
    scores = json.loads((tmp_path / "out.json").read_text())
    assert scores["compare"]["metrics"]["recall_50"]["value"] == pytest.approx(4 / 6, abs=1e-6)
    assert (
        scores["compare"]["metrics"]["recall_50"]["p"] == 2 / 16
    )  # of the swaps of four videos, and of two that agree
    assert scores["metrics"]["levenshtein"]["value"] == pytest.approx(5 / 6, abs=1e-6)
    assert scores["diagnosis"]["missed"] == pytest.approx(1 / 6, abs=1e-6)
    tubes = ["--tubes-truth", "truth.parquet", "--tubes-predicted", "good.parquet", "--all"]
    assert main([*command, *tubes]) == 0
    assert re.search(r"tube_map_50 +\| 0.833", capsys.readouterr().out)
    (tmp_path / "again.csv").write_bytes((tmp_path / "truth.csv").read_bytes())
    elsewhere = read_events_csv(tmp_path / "truth.csv")
    elsewhere.assign(video="elsewhere_" + elsewhere["video"]).to_csv(tmp_path / "elsewhere.csv", index=False)
    for extra, message in [
        (["--tubes-truth", "truth.parquet"], "give both --tubes-truth and --tubes-predicted"),
        (["--tubes-truth", "truth.parquet", "--tubes-predicted", "bad.csv"], "bad.csv: not a table of tubes"),
        (["--tubes-truth", "bad.parquet", "--tubes-predicted", "good.parquet"], "are they of one pair"),
        (["--compare", "absent.csv"], "absent.csv: no such file"),
        (["--compare", "bad.csv", "--json", "bad.csv"], "bad.csv would be overwritten"),
        (["--truth", "again.csv"], "truth.csv and again.csv are the same, and not of two annotators"),
        (["--truth", "elsewhere.csv"], "truth.csv and elsewhere.csv have no video in common"),
        (["--compare", "elsewhere.csv"], "no video is in both the truth and the other detector"),
    ]:
        assert main([*command, *extra]) == 1
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert message in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "--truth", "absent.csv", "--predicted", "text.mp4"], "absent.csv: no such file"),
        (["score", "--truth", ".", "--predicted", "."], "no events CSV"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(refusal, arguments, message):
    assert re.search(message, refusal(arguments))


def test_an_output_that_is_a_stream_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text("video,person,label,start_s,end_s\nv,0,happy,0,2\n")
    (tmp_path / "link").symlink_to("/proc/self/fd/1")
    scored = ["score", "--truth", "e.csv", "--predicted", "e.csv", "--resamples", "0"]
    assert main([*scored, "--json", "link"]) == 1
    assert "link" in capsys.readouterr().err
    assert (tmp_path / "link").is_symlink()


def test_annotators_and_labels_add_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, ends in (("a", 2), ("b", 3)):
        write_text(
            tmp_path / f"{name}.csv", f"video,person,label,start_s,end_s\nv,0,happy,0,{ends}\nv,0,sad,5,{5 + ends}\n"
        )
    options = ["--predicted", "a.csv", "--labels", "happy", "--labels", "sad", "--resamples", "0", "--json", "s.json"]
    assert main(["score", "--truth", "a.csv", "--truth", "b.csv", *options]) == 0
    scores = json.loads(Path("s.json").read_text())
    assert scores["n_truth"] == [2, 2]
    assert scores["labels"] == ["happy", "sad"]
