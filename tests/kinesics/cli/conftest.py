"""Fixtures of the tests of commands: refusals."""

from collections.abc import Callable

import pytest

from kinesics.cli.main import main


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
