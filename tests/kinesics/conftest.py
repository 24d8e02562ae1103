"""Fixtures of the tests of commands, the API and vision-language models: a real clip that was tracked, a chat server."""

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
def server():
    """Yield a server of chat completions (see ``serve_chat``)."""
    with serve_chat() as http:
        yield http


@pytest.fixture
def images(tmp_path) -> list[Path]:
    """Return four grey images that differ."""
    return write_grey_images(tmp_path)
