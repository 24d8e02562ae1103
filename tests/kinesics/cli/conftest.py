"""Fixtures of the tests of commands: a real clip that was tracked, a server of chat completions, refusals."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT
from support.chat_server import serve_chat, write_grey_images

from kinesics.cli.main import main


@pytest.fixture(scope="session")
def detected(clip, tmp_path_factory) -> Path:
    """Return a folder with what `track` and `detect` write of the shortest real clip."""
    folder = tmp_path_factory.mktemp("cli")
    video, data = str(clip("single_face")), ["--data", str(ROOT / "data")]
    assert main(["track", video, "--out", str(folder / "tracks.parquet"), *data]) == 0
    outputs = ["--out", str(folder / "events.csv"), "--tubes", str(folder / "tubes.parquet")]
    assert main(["detect", video, "--tracks", str(folder / "tracks.parquet"), *outputs, *data]) == 0
    return folder


@pytest.fixture
def refusal(tmp_path, monkeypatch, capsys) -> Callable[[list[str]], str]:
    """Return a function that runs a command in a folder with the file ``text.mp4``, which is no video.

    It checks that the command is refused in one line and leaves nothing, and returns the line.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KINESICS_DATA", str(tmp_path / "data"))
    (tmp_path / "text.mp4").write_text("not a video")

    def run(arguments: list[str]) -> str:
        before = sorted(tmp_path.iterdir())
        assert main(arguments) == 1
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("kinesics: ")
        assert sorted(tmp_path.iterdir()) == before
        return line

    return run


@pytest.fixture
def server():
    """Yield a server of chat completions (see ``serve_chat``)."""
    with serve_chat() as http:
        yield http


@pytest.fixture
def images(tmp_path) -> list[Path]:
    """Return four grey images that differ."""
    return write_grey_images(tmp_path)
