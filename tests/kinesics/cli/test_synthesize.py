"""The command `synthesize`: what it refuses and spares; a terminated run leaves nothing."""

import re
import signal
import subprocess
import sys
import time

import pytest

from kinesics.cli.main import main
from kinesics.io.files import write_text
from kinesics.media.video import probe_video


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "film.avi"], "film.avi: the video is an MP4: give a name that ends in .mp4"),
        (["--perturb", "shake=1", "shake=2", "--out", "f.mp4"], "--perturb: shake stands twice"),
        (["--out", "f.mp4", "--truth", "text.mp4"], "text.mp4 is a file: give the name of a folder"),
        (["--out", "c.actions.mp4", "--truth", "t"], "c.actions.csv is the name of another video's truth"),
        (["--out", "film .mp4", "--truth", "t"], "'film .mp4': its name without the suffix has blanks around it"),
        (["--out", "n" * 245 + ".mp4", "--truth", "t"], "cannot be written: names have 255 bytes at most"),
        (["--out", "/dev/film.mp4"], "/dev/film.mp4 is a device or a pipe: give the path of a file"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(refusal, arguments, message):
    assert re.search(message, refusal(["synthesize", *arguments]))


@pytest.mark.slow
def test_tables_of_other_origin_are_spared(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    coded = tmp_path / "coded/talk.csv"
    write_text(coded, "by hand\n")
    assert main(["synthesize", "--out", "talk.mp4", "--truth", "coded"]) == 1
    assert "talk.csv exists and is not the truth of a synthetic video" in capsys.readouterr().err
    assert coded.read_text() == "by hand\n"
    assert main(["synthesize", "--out", "coded/talk.mp4", "--truth", "coded/talk.mp4"]) == 1
    assert not (tmp_path / "talk.mp4").exists()


@pytest.mark.slow
def test_a_video_may_be_named_like_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["synthesize", "--duration", "2", "--rate", "2", "--out", "10:30 talk.mp4", "--data", "data"]) == 0
    assert probe_video("10:30 talk.mp4").duration_s == pytest.approx(2)


@pytest.mark.slow
def test_a_terminated_video_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "kinesics.cli", "synthesize", "--duration", "600"]
    command += ["--out", "film.mp4", "--truth", ".", "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 300
        while not list(tmp_path.glob(".*.film.mp4")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert list(tmp_path.glob(".*.film.mp4")), "no video was begun"
        run.terminate()
        assert run.wait(60) == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def without_extra(*arguments: str, **options) -> subprocess.CompletedProcess:
    missing = "import sys; sys.modules |= dict.fromkeys(['anny', 'espeakng_loader', 'moderngl'])"
    code = f"{missing}; from kinesics.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, **options)


@pytest.mark.slow
def test_help_needs_no_extra():
    done = without_extra("synthesize", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--duration" in done.stdout


@pytest.mark.slow
def test_a_missing_extra_is_named_in_a_line(tmp_path):
    done = without_extra("synthesize", "--out", "v.mp4", cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "pip install 'kinesics[synthetic]'" in line
    assert not list(tmp_path.iterdir())
