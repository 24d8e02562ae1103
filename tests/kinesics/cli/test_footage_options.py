"""Streams by number, and damaged videos, through the commands: what was read is said and kept in the outputs."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from support import ROOT
from support.footage import mux_tracks, write_footage

import kinesics
from kinesics.cli.main import main
from kinesics.errors import KinesicsError
from kinesics.structures.features import read_features
from kinesics.structures.tracks import read_tracks

DATA = ["--data", str(ROOT / "data")]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> Path:
    """Return a folder with a video of two streams of each kind, and one that was cut off."""
    folder = tmp_path_factory.mktemp("videos")
    whole = write_footage(folder / "whole.mp4", container_options={"movflags": "faststart"})
    tracks = [("video", False, "und"), ("video", True, "und"), ("silence", False, "deu"), ("audio", True, "fra")]
    mux_tracks(whole, folder / "two.mkv", tracks)
    data = whole.read_bytes()
    (folder / "cut.mp4").write_bytes(data[: len(data) * 6 // 10])
    return folder


@pytest.fixture
def run(capsys):
    """Return a function that runs a command and returns its status, and what kinesics printed to stderr."""

    def command(*arguments: object) -> tuple[int, list[str]]:
        status = main([str(argument) for argument in arguments])
        lines = capsys.readouterr().err.splitlines()
        return status, [line for line in lines if line.startswith("kinesics: ")]

    return command


def track(video: Path, out: Path, *options: object) -> list[object]:
    return ["track", video, "--rate", "0.5", "--out", out, *options, *DATA]


@pytest.mark.slow
def test_tracks_name_the_stream_and_others_refuse_them(videos, tmp_path, run):
    video, out = videos / "two.mkv", tmp_path / "t.parquet"
    line = f"kinesics: {video}: takes video stream {{}} of 0, 1 (another: --video-stream)"
    assert run(*track(video, out)) == (0, [line.format(1)])
    assert read_tracks(out).video_stream == 1
    assert run(*track(video, out, "--video-stream", 0)) == (0, [line.format(0)])
    assert read_tracks(out).video_stream == 0
    detect = ["detect", video, "--tracks", out, "--out", tmp_path / "e.csv", *DATA]
    with_sound = (
        f"{line.format(0)}; takes audio stream 3 of 2, 3 (another: --audio-stream)"  # which `ranked` listens to
    )
    assert run(*detect, "--video-stream", 0) == (0, [with_sound])
    status, lines = run(*detect)
    assert status == 1
    assert lines[-1].endswith("tracks of another video: stream 0, but 1 in " + f"{video}; track it again")
    status, (line,) = run(*track(video, out, "--video-stream", 2))
    assert (status, "no video stream 2 that can be decoded; it has 0 video h264" in line) == (1, True)


def test_features_of_sound_are_those_of_the_stream(videos, tmp_path, run):
    video, tokens = videos / "two.mkv", {}
    for number in (None, 2, 3):
        out = tmp_path / f"{number}.safetensors"
        option = [] if number is None else ["--audio-stream", number]
        cache = ["--cache", tmp_path / "cache"]
        status, lines = run("encode", video, "--encoder", "audio_activity", "--out", out, *cache, *option, *DATA)
        assert status == 0
        assert f"takes audio stream {number or 3} of 2, 3" in lines[0]
        features = read_features(out)
        assert features.stream == (number or 3)
        tokens[number] = features.crops["sound"].tokens
    assert (tokens[None] == tokens[3]).all()
    assert (tokens[2] != tokens[3]).any()


@pytest.mark.slow
def test_a_cut_off_video_is_refused_or_its_outputs_say_so(videos, tmp_path, run):
    video, out = videos / "cut.mp4", tmp_path / "t.parquet"
    status, (line,) = run(*track(video, out))
    assert status == 1
    assert re.search(r"cut off: it holds 3\.\d\d s of 8\.00 s; .*--accept-damaged", line)
    status, (line,) = run(*track(video, out, "--accept-damaged"))
    assert status == 0
    (until,) = re.search(r"damaged after (\d\.\d\d) s: what can be read of 3\.\d\d s is analysed", line).groups()
    assert 3 < float(until) < 4
    assert read_tracks(out).damaged_after_s == pytest.approx(float(until), abs=0.01)
    events, tubes = tmp_path / "e.parquet", tmp_path / "tubes.parquet"
    detect = ["detect", video, "--tracks", out, "--out", events, "--tubes", tubes, *DATA]
    assert run(*detect)[0] == 1
    assert run(*detect, "--accept-damaged")[0] == 0
    assert kinesics.read_events(events).damaged_after_s == read_tracks(out).damaged_after_s
    assert pd.read_parquet(tubes).attrs["damaged_after_s"] == read_tracks(out).damaged_after_s
    features = tmp_path / "f.safetensors"
    encode = ["encode", video, "--encoder", "audio_activity", "--out", features, "--accept-damaged", *DATA]
    assert run(*encode)[0] == 0
    assert read_features(features).damaged_after_s == read_tracks(out).damaged_after_s


@pytest.mark.slow
def test_the_functions_of_python_take_the_same_options(videos, tmp_path, capsys):
    settings = {"rate_hz": 0.5, "data": ROOT / "data"}
    assert kinesics.track(videos / "two.mkv", video_stream=0, **settings).video_stream == 0
    assert "takes video stream 0 of 0, 1" in capsys.readouterr().err
    with pytest.raises(KinesicsError, match="cut off"):
        kinesics.detect(videos / "cut.mp4", **settings)
    events = kinesics.detect(videos / "cut.mp4", accept_damaged=True, **settings)
    assert 3 < events.damaged_after_s < 4
    assert events.select(labels=["nod"]).damaged_after_s == events.damaged_after_s


@pytest.mark.slow
def test_a_damaged_network_is_fetched_again(videos, tmp_path, run):
    arguments = track(videos / "whole.mp4", tmp_path / "t.parquet")[:-2]
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "mediapipe", data / "mediapipe")
    assert run(*arguments, "--data", data) == (0, [])
    first = (tmp_path / "t.parquet").read_bytes()
    network = data / "mediapipe" / "face_landmarker.task"
    whole = network.read_bytes()
    for content in (b"", whole[: len(whole) // 2]):
        network.write_bytes(content)
        status, (line,) = run(*arguments, "--data", data)
        assert status == 0
        assert "face_landmarker.task: its SHA-256 is not the pinned one: deleted, fetching it again" in line
        assert network.read_bytes() == whole
        assert (tmp_path / "t.parquet").read_bytes() == first


@pytest.mark.parametrize("kind", ["fifo", "still"])
def test_what_is_no_film_is_named(tmp_path, run, kind):
    import os

    import cv2
    import numpy as np

    path = tmp_path / "v.png"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        cv2.imwrite(str(path), np.zeros((48, 64, 3), np.uint8))
    status, (line,) = run(*track(path, tmp_path / "t.parquet"))
    assert status == 1
    assert {"fifo": "a pipe or a device", "still": "a still picture, not a video"}[kind] in line
