"""Queries of a real server: `transformers serve` with a model made for the test, on this machine only."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from support.clips import numbered, write_video
from support.vision_model import write_model

from kinesics.cli.main import main
from kinesics.structures.events import read_events_csv

STARTS_IN_S = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Yield the address of a server, and the name of its model, which always outputs the same text."""
    folder = write_model(tmp_path_factory.mktemp("model"), "{'name': 'video1', 'result': ['sad', 'happy']}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        Path(sys.executable).parent / "transformers",
        "serve",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (
        open(folder / "server.log", "w") as log,
        subprocess.Popen([*command, "--device", "cpu"], stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            until = time.monotonic() + STARTS_IN_S
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > until or process.poll() is not None:
                        raise RuntimeError((folder / "server.log").read_text()) from None
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            process.kill()


@pytest.mark.slow
def test_a_real_server_answers_and_the_second_run_sends_nothing(served, tmp_path, capsys, monkeypatch):
    """The model always ranks for one clip: two at once are malformed, and are sent again one by one."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    url, model = served
    clips = [write_video(tmp_path / f"clip{k}.mp4", numbered(6)[k:]) for k in range(2)]
    arguments = ["ask", *map(str, clips), "--labels", "happy", "sad", "--endpoint", url]
    arguments += ["--responses", str(tmp_path / "kept"), "--out", str(tmp_path / "out.csv"), "--model"]
    assert main([*arguments, model]) == 0
    assert "2 answered; 5 requests sent, 0 kept before" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "out.csv")["answers"].tolist() == ["sad,happy"] * 2
    first = (tmp_path / "out.csv").read_bytes()
    assert main([*arguments, model]) == 0
    assert "2 answered; 0 requests sent, 5 kept before" in capsys.readouterr().out
    assert (tmp_path / "out.csv").read_bytes() == first
    assert main([*arguments, model, "--detect"]) == 0  # one window each, and no list of events in the answer
    assert "2 malformed; 6 requests sent" in capsys.readouterr().out
    assert read_events_csv(tmp_path / "out.csv").empty
    assert main([*arguments, "another"]) == 1
    assert "requested 'another'" in capsys.readouterr().err
