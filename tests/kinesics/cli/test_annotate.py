"""The command `annotate`: a folder of results per video, continued after an interruption, never overwritten by mistake."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import ROOT

import kinesics
from kinesics.api import annotation
from kinesics.cli.main import main
from kinesics.cli.options import time as parse_time
from kinesics.detectors.packaged import default_labels
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import write_checkpoint
from kinesics.media.video import probe_video
from kinesics.perception import tracking
from kinesics.structures.events import read_events_csv, read_tubes

DATA = ["--data", str(ROOT / "data")]


@pytest.fixture(scope="module")
def finished(clip, tmp_path_factory) -> Path:
    """Return the folder of results of the shortest real clip."""
    out = tmp_path_factory.mktemp("annotate")
    assert main(["annotate", str(clip("single_face")), "--out", str(out), *DATA]) == 0
    return out / "single_face"


@pytest.fixture
def copy(finished, tmp_path_factory) -> Path:
    """Return a copy of the results, as deep as the original: files name the video relative to their folder."""
    folder = tmp_path_factory.mktemp("copy") / "single_face"
    shutil.copytree(finished, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_each_file_has_the_results_of_the_other_commands(finished, detected, clip):
    assert sorted(contents(finished)) == sorted(annotation.output_names(clip("single_face")))
    assert (finished / "events.csv").read_bytes() == (detected / "events.csv").read_bytes()
    assert (finished / "tubes.parquet").read_bytes() == (detected / "tubes.parquet").read_bytes()
    events = read_events_csv(finished / "events.csv")
    assert set(read_tubes(finished / "tubes.parquet")["event"]) == set(events.index)
    summary = pd.read_csv(finished / "summary.csv").set_index("label")
    assert list(summary.index) == list(default_labels("ranked"))
    assert summary["bouts"].to_dict() == {label: int((events["label"] == label).sum()) for label in summary.index}
    assert summary.loc[summary["bouts"] == 0, ["total_s", "share", "rate_per_min"]].eq(0).all(axis=None)
    (smile,) = events[events["label"] == "happy"].itertuples()
    assert summary.loc["happy", "total_s"] == pytest.approx(smile.end_s - smile.start_s)
    assert summary.loc["happy", "observed_s"] == pytest.approx(2.4)
    text = json.loads((finished / "summary.json").read_text())
    assert {row["label"] for row in text["behaviours"] if row["bouts"]} == set(events["label"])
    for name in ("single_face.eaf", "single_face.boris", "single_face.vtt", "single_face.TextGrid"):
        converted = kinesics.read_events(finished / name).table
        assert sorted(zip(converted["label"], converted["start_s"].round(2), strict=True)) == sorted(
            zip(events["label"], events["start_s"].round(2), strict=True)
        )
    record = json.loads((finished / "provenance.json").read_text())
    assert record["video"]["file"] == "single_face.mp4"
    assert (record["people"], record["events"]) == (1, len(events))


@pytest.mark.slow
def test_a_finished_video_is_not_repeated_and_a_changed_file_not_overwritten(copy, clip, monkeypatch, capsys):
    monkeypatch.setattr(tracking, "track", lambda *_, **__: pytest.fail("the video was tracked"))
    arguments = ["annotate", str(clip("single_face")), "--out", str(copy.parent), *DATA]
    before = contents(copy)
    assert main(arguments) == 0
    assert "finished before, nothing is repeated" in capsys.readouterr().out
    assert contents(copy) == before
    with (copy / "events.csv").open("a") as file:
        file.write("corrected by hand\n")
    before = contents(copy)
    assert main(arguments) == 1
    assert "events.csv: was changed since it was written: move it away" in capsys.readouterr().err
    assert contents(copy) == before


@pytest.mark.slow
def test_other_settings_write_other_results_and_a_lost_file_is_written_again(copy, finished, clip):
    arguments = ["annotate", str(clip("single_face")), "--out", str(copy.parent), *DATA]
    assert main([*arguments, "--labels", "happy", "--min-score", "0.5"]) == 0
    assert set(read_events_csv(copy / "events.csv")["label"]) == {"happy"}
    assert main(arguments) == 0
    (copy / "summary.csv").unlink()
    assert main(arguments) == 0
    assert contents(copy) == contents(finished)


def test_files_of_others_are_spared(tmp_path, clip, capsys):
    (tmp_path / "single_face").mkdir()
    (tmp_path / "single_face" / "notes.txt").write_text("mine")
    assert main(["annotate", str(clip("single_face")), "--out", str(tmp_path), *DATA]) == 1
    assert "single_face: holds other files: give another folder with --out" in capsys.readouterr().err
    assert list(contents(tmp_path / "single_face")) == ["notes.txt"]


@pytest.mark.slow
def test_a_killed_run_is_continued_with_the_same_bytes(tmp_path, clip, finished, monkeypatch):
    command = [
        sys.executable,
        "-m",
        "kinesics.cli",
        "annotate",
        str(clip("single_face")),
        "--out",
        str(tmp_path),
        *DATA,
    ]
    process = subprocess.Popen(command, start_new_session=True)
    tracks = tmp_path / "single_face" / ".unfinished" / "tracks.parquet"
    while not tracks.exists() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "single_face" / "provenance.json").exists()
    monkeypatch.setattr(tracking, "track", lambda *_, **__: pytest.fail("the video was tracked again"))
    assert main(command[3:]) == 0
    assert contents(tmp_path / "single_face") == contents(finished)
    assert sorted(path.name for path in (tmp_path / "single_face").iterdir()) == sorted(contents(finished))


@pytest.mark.slow
def test_a_bad_video_among_several_is_listed_and_the_others_are_annotated(
    tmp_path, tmp_path_factory, clip, finished, capfd
):
    (tmp_path / "text.mp4").write_text("not a video")
    videos = [str(clip("single_face")), str(tmp_path / "text.mp4")]
    for options in ([], ["--jobs", "2"]):
        out = tmp_path_factory.mktemp("several")
        assert main(["annotate", *videos, "--out", str(out), *DATA, *options]) == 1
        lines = capfd.readouterr().err.strip().splitlines()
        assert any("text.mp4: not a video" in line for line in lines)
        assert lines[-1] == f"kinesics: 1 of 2 videos failed: {tmp_path / 'text.mp4'}"
        assert contents(out / "single_face") == contents(finished)
        assert sorted(path.name for path in out.iterdir()) == ["index.html", "single_face"]
        assert 'href="single_face/index.html"' in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text.mp4"], "text.mp4: not a video"),
        (["text.mp4", "sub/text.mkv"], "two videos are called 'text'"),
        (["text.mp4", "--labels", "smile"], "'smile' is not a label. The labels are happy"),
        (
            ["text.mp4", "--detector", "rules", "--labels", "happy,sad"],
            "detector 'rules' never detects sad: its labels are happy, ",
        ),
        (["text.mp4", "--labels", "Happy"], "'Happy' is not a label: did you mean 'happy'? The labels are happy"),
        (["text.mp4", "--detector", "magic"], "magic"),
        (["text.mp4", "--detector", "linear"], "has to be trained: give its checkpoint with --model FILE"),
    ],
)
def test_what_is_wrong_is_refused_before_the_work(refusal, arguments, message):
    assert message in refusal(["annotate", *arguments, "--out", "out"])


def test_a_folder_is_refused_with_what_to_give(refusal, tmp_path):
    line = refusal(["annotate", str(tmp_path), "--out", "out"])
    assert f"{tmp_path}: a folder, not a video: name the files in it" in line


@pytest.mark.slow
def test_a_part_has_the_times_of_the_whole_video(clip, finished, tmp_path, capsys):
    out = tmp_path / "part"
    part = ["--from", "0:00:00.8", "--to", "2", "--draw"]
    assert main(["annotate", str(clip("single_face")), "--out", str(out), *DATA, *part]) == 0
    folder = out / "single_face"
    measured = pd.read_parquet(folder / "measures.parquet")["time_s"]
    assert (measured.min(), measured.max()) == pytest.approx((0.8, 1.9))
    events = read_events_csv(folder / "events.csv")
    assert len(events)
    assert events["start_s"].min() >= 0.8
    assert events["end_s"].max() <= 2
    tubes = read_tubes(folder / "tubes.parquet")
    assert tubes["time_s"].between(0.8, 2, inclusive="left").all()
    summary = pd.read_csv(folder / "summary.csv")
    assert summary["observed_s"].unique() == pytest.approx([1.2])
    assert summary["latency_s"].min() == pytest.approx(events["start_s"].min() - 0.8, abs=1e-3)
    settings = json.loads((folder / "provenance.json").read_text())["settings"]
    assert (settings["start_s"], settings["end_s"]) == (0.8, 2)
    assert probe_video(folder / "single_face.annotated.mp4").duration_s == pytest.approx(1.2, abs=0.1)
    table = kinesics.annotate(clip("single_face"), data=ROOT / "data", start_s=0.8, end_s=2)
    pd.testing.assert_frame_equal(table, events, check_exact=False, atol=5e-4, rtol=0)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (["--from", "2", "--to", "1"], "has no part from 2 s to 1 s: it lasts 2.40 s"),
        (["--from", "1:00:00"], "has no part from 3600 s to 2.4"),
    ],
)
@pytest.mark.parametrize("command", ["annotate", "detect", "track"])
def test_a_part_that_is_not_there_is_refused_in_a_line(clip, tmp_path, capsys, command, part, message):
    out = tmp_path / ("out.parquet" if command == "track" else "out.csv")
    assert main([command, str(clip("single_face")), "--out", str(out), *DATA, *part]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["soon", "-3", "1:75", "1:60:00", "nan", "1e9", "1:2:3:4", ""])
def test_what_is_no_time_is_named(tmp_path, capsys, value):
    with pytest.raises(SystemExit):
        main(["annotate", "talk.mp4", "--out", str(tmp_path), f"--from={value}"])
    assert f"argument --from: {value} is not a time: give seconds or h:mm:ss" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "time_s"), [("90.5", 90.5), ("1:30", 90), ("0:01:30.5", 90.5), ("2:00:00", 7200)])
def test_times_are_seconds_or_hours_minutes_seconds(value, time_s):
    assert parse_time(value) == time_s


@pytest.mark.slow
def test_python_returns_the_table(clip, finished, tmp_path):
    table = kinesics.annotate(clip("single_face"), data=ROOT / "data", labels=("happy",))
    assert isinstance(table, pd.DataFrame)
    expected = read_events_csv(finished / "events.csv").query("label == 'happy'").reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected, check_exact=False, atol=5e-4, rtol=0)
    with pytest.raises(KinesicsError, match="'smile' is not a label"):
        kinesics.annotate(clip("single_face"), labels=("smile",))


def test_labels_of_a_model_may_be_ones_own(tmp_path):
    model = tmp_path / "model.safetensors"
    write_checkpoint("chance", {"stimming.rate": np.ones(1), "stimming.lengths_s": np.ones(1)}, model)
    assert list(annotation.Settings(model=model, labels=("stimming",)).sought) == ["stimming"]
    with pytest.raises(KinesicsError, match="'stiming' is not a label: did you mean 'stimming'"):
        annotation.Settings(model=model, labels=("stiming",))
    with pytest.raises(KinesicsError, match="never detects happy: its labels are stimming"):
        annotation.Settings(model=model, labels=("happy",))
