"""The command line: a real clip in, events out; bad input gives one line and leaves nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support import ROOT

from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.io.files import write_text
from kinesics.structures.events import TUBE_COLUMNS, read_events_csv, read_tubes, write_tubes
from kinesics.structures.tracks import read_tracks
from kinesics.synthetic.dataset import plan_videos


@pytest.fixture(scope="module")
def detected(clip, tmp_path_factory) -> Path:
    """Return a folder with what `track` and `detect` write of the shortest real clip."""
    folder = tmp_path_factory.mktemp("cli")
    video, data = str(clip("single_face")), ["--data", str(ROOT / "data")]
    assert main(["track", video, "--out", str(folder / "tracks.parquet"), *data]) == 0
    outputs = ["--out", str(folder / "events.csv"), "--tubes", str(folder / "tubes.parquet")]
    assert main(["detect", video, "--tracks", str(folder / "tracks.parquet"), *outputs, *data]) == 0
    return folder


def test_the_smile_of_a_real_clip_is_found(detected):
    events = read_events_csv(detected / "events.csv")
    assert "happy" in set(events["label"])
    assert (events["video"] == "single_face").all()
    tubes = read_tubes(detected / "tubes.parquet")
    assert set(tubes["event"]) <= set(events.index)
    assert read_tracks(detected / "tracks.parquet").persons == [0]


def test_a_prediction_scored_against_itself_is_perfect(detected, tmp_path, capsys):
    events, out = str(detected / "events.csv"), tmp_path / "scores.json"
    assert main(["score", "--truth", events, "--predicted", events, "--json", str(out), "--resamples", "100"]) == 0
    assert "f1_50" in capsys.readouterr().out
    scores = json.loads(out.read_text())
    assert scores["metrics"]["f1_50"]["value"] == scores["metrics"]["map"]["value"] == 1.0


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
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["compare"]["metrics"]["recall_50"]["value"] == pytest.approx(4 / 6, abs=1e-6)
    assert found["compare"]["metrics"]["recall_50"]["p"] == 2 / 16  # of the swaps of four videos, and of two that agree
    assert found["metrics"]["levenshtein"]["value"] == pytest.approx(5 / 6, abs=1e-6)
    assert found["diagnosis"]["missed"] == pytest.approx(1 / 6, abs=1e-6)
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
        (["--truth", "again.csv"], "truth.csv and again.csv are the same, and no two coders"),
        (["--truth", "elsewhere.csv"], "truth.csv and elsewhere.csv have no video in common"),
        (["--compare", "elsewhere.csv"], "no video is in both the truth and the other detector"),
    ]:
        assert main([*command, *extra]) == 1
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert message in line


def test_features_of_a_real_clip(detected, clip, tmp_path):
    out = tmp_path / "features.safetensors"
    arguments = ["--tracks", str(detected / "tracks.parquet"), "--encoder", "fer", "--data", str(ROOT / "data")]
    assert main(["encode", str(clip("single_face")), *arguments, "--out", str(out)]) == 0
    assert out.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["track", "absent.mp4", "--out", "t.parquet"], "absent.mp4"),
        (["detect", "text.mp4", "--out", "e.csv"], "text.mp4"),
        (["detect", "text.mp4", "--detector", "magic", "--out", "e.csv"], "'magic' is not a detector"),
        (["detect", "text.mp4", "--detector", "probe", "--out", "e.csv"], "--model FILE"),
        (
            ["encode", "text.mp4", "--tracks", "absent.parquet", "--encoder", "magic", "--out", "f"],
            "'magic' is not an encoder",
        ),
        (["score", "--truth", "absent.csv", "--predicted", "text.mp4"], "absent.csv: no such file"),
        (["track", "text.mp4", "--out", "text.mp4"], "text.mp4 would be overwritten"),
        (["detect", "text.mp4", "--out", "e.csv", "--tubes", "e.csv"], "e.csv would be overwritten"),
        (["detect", "text.mp4", "--out", "."], "is a folder: give the name of a file"),
        (
            ["detect", "text.mp4", "--out", "text.mp4/e.csv"],
            "text.mp4/e.csv cannot be written: .*text.mp4 is no folder",
        ),
        (
            ["detect", "text.mp4", "--tracks", "t", "--rate", "5", "--out", "e.csv"],
            "which --tracks spares: leave them out",
        ),
        (
            ["detect", "text.mp4", "--detector", "rules", "--model", "m", "--out", "e.csv"],
            "'rules' does not learn: it takes no --model",
        ),
        (["score", "--truth", ".", "--predicted", "."], "no events CSV"),
        (["synthesize", "--out", "film.avi"], "film.avi: the video is an MP4: give a name that ends in .mp4"),
        (["synthesize", "--perturb", "shake=1", "shake=2", "--out", "f.mp4"], "--perturb: shake stands twice"),
        (["synthesize", "--out", "f.mp4", "--truth", "text.mp4"], "text.mp4 is a file: give the name of a folder"),
        (
            ["synthesize", "--out", "c.actions.mp4", "--truth", "t"],
            "c.actions.csv is the name of another video's truth",
        ),
        (["synthesize", "--out", "/dev/film.mp4"], "/dev/film.mp4 is a device or a pipe: give the path of a file"),
        (
            ["encode", "text.mp4", "--encoder", "fer", "--cache", "/proc/c", "--out", "f"],
            "/proc/c is a device or a pipe",
        ),
        (["fetch", "magic"], "'magic' is not a source"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KINESICS_DATA", str(tmp_path / "data"))
    (tmp_path / "text.mp4").write_text("not a video")
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("kinesics: ")
    assert re.search(message, line)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--rate", "0"], "0 is not a rate between 0.1 and 1000 Hz"),
        (["--rate", "nan"], "nan is not a rate between 0.1 and 1000 Hz"),
        (["--people", "many"], "many is not a whole number from 1 to 100"),
        (["--people", "0"], "0 is not a whole number from 1 to 100"),
        (["--seed", "-1"], "-1 is not a seed: a whole number from 0"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(capsys, option, message):
    with pytest.raises(SystemExit, match="2"):
        main(["detect", "video.mp4", *option, "--out", "e.csv"])
    assert message in capsys.readouterr().err


def test_the_stage_spares_tables_that_are_not_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    coded = tmp_path / "coded/talk.csv"
    write_text(coded, "by hand\n")
    assert main(["synthesize", "--out", "talk.mp4", "--truth", "coded"]) == 1
    assert "talk.csv exists and is not the truth of a synthetic video" in capsys.readouterr().err
    assert coded.read_text() == "by hand\n"
    assert main(["synthesize", "--out", "coded/talk.mp4", "--truth", "coded/talk.mp4"]) == 1
    assert not (tmp_path / "talk.mp4").exists()


def test_an_output_that_is_a_stream_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.csv").write_text("video,person,label,start_s,end_s\nv,0,happy,0,2\n")
    (tmp_path / "link").symlink_to("/proc/self/fd/1")
    scored = ["score", "--truth", "e.csv", "--predicted", "e.csv", "--resamples", "0"]
    assert main([*scored, "--json", "link"]) == 1
    assert "link" in capsys.readouterr().err
    assert (tmp_path / "link").is_symlink()


def test_coders_and_labels_add_up(tmp_path, monkeypatch):
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


def test_a_terminated_film_leaves_nothing(tmp_path):
    command = [
        sys.executable,
        "-m",
        "kinesics.cli",
        "synthesize",
        "--duration",
        "600",
        "--out",
        "film.mp4",
        "--truth",
        ".",
    ]
    with subprocess.Popen([*command, "--data", str(tmp_path / "data")], cwd=tmp_path, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob(".*.film.mp4")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert list(tmp_path.glob(".*.film.mp4")), "no film was begun"
        run.terminate()
        assert run.wait(60) == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_the_sources_are_listed(capsys):
    assert main(["fetch"]) == 0
    assert "WolfgangLanger_Pexels" in capsys.readouterr().out


def test_the_workflow_plans_every_result_of_the_tier(clean_clone):
    done = subprocess.run(
        [Path(sys.executable).parent / "snakemake", "--dry-run", "--forceall", "--nolock"],
        cwd=clean_clone,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M))
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert planned["track"] == str(len(config["clips"]))
    assert {planned[f"track_{batch}"] for batch in ("train", "val", "test", "perturbed_0", "perturbed_1")} == {"1"}
    assert planned["render_synthetic"] == str(len(plan_videos(config["synthetic"])))
    assert planned["pdf"] == planned["score"] == "1"


def test_two_processes_track_the_same_bytes_and_the_table_opens_in_pandas(detected, clip, tmp_path):
    command = [sys.executable, "-m", "kinesics.cli", "track", str(clip("single_face")), "--data", str(ROOT / "data")]
    out = tmp_path / "tracks.parquet"
    run = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, f"{out}: 1 people in 24 frames, 2.4 s\n")
    assert out.read_bytes() == (detected / "tracks.parquet").read_bytes()
    table = pd.read_parquet(out)
    assert {"frame", "time_s", "person", "face_x0"} <= set(table.columns)


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(KinesicsError, match=r"pipe\.json: cannot be written: is a device or a pipe"):
        write_text(tmp_path / "pipe.json", "{}")
    assert (tmp_path / "pipe.json").is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe.json"]
