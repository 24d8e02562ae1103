"""The command `track`: a real clip in, the same bytes out in every process."""

import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from support import ROOT

from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.structures.tracks import read_tracks


def test_the_one_person_of_a_real_clip_is_tracked(detected):
    assert read_tracks(detected / "tracks.parquet").persons == [0]


@pytest.mark.slow
def test_two_processes_track_the_same_bytes_and_the_table_opens_in_pandas(detected, clip, tmp_path):
    command = [sys.executable, "-m", "kinesics.cli", "track", str(clip("single_face")), "--data", str(ROOT / "data")]
    out = tmp_path / "tracks.parquet"
    run = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, f"{out}: 1 person in 24 frames, 2.4 s\n")
    assert out.read_bytes() == (detected / "tracks.parquet").read_bytes()
    table = pd.read_parquet(out)
    assert {"frame", "time_s", "person", "face_x0"} <= set(table.columns)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.mp4", "--out", "t.parquet"], "absent.mp4"),
        (["text.mp4", "--out", "text.mp4"], "text.mp4 would be overwritten"),
        (["text.mp4", "--out", "t.csv"], "t.csv: tracks are written as Parquet: end the name with .parquet"),
        (["text .mp4", "--out", "t.parquet"], "has blanks around it: rename the file"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(refusal, arguments, message):
    assert re.search(message, refusal(["track", *arguments]))


@pytest.mark.slow
def test_without_npm_people_are_tracked_and_a_line_says_what_is_missing(clip, tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "mediapipe", data / "mediapipe")
    fetch = downloads.fetch

    def without_npm(source, *arguments):
        if source == "mobilefacenet":
            raise KinesicsError("npm is not installed")
        return fetch(source, *arguments)

    monkeypatch.setattr(downloads, "fetch", without_npm)
    out = tmp_path / "tracks.parquet"
    assert main(["track", str(clip("single_face")), "--out", str(out), "--data", str(data)]) == 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line == (
        "kinesics: people are not recognised after cuts and long gaps, and have a new number then: npm is not installed"
    )
    assert read_tracks(out).persons == [0]
