"""Surroundings of the command line: no home folder, terminals and names that are not UTF-8, outputs that fail."""

import os
import subprocess
import sys

import pytest
from support.clips import numbered, write_video

#: Runs the command line for a user without a home folder: HOME is unset, and no entry names one.
HOMELESS = (
    "import os, pwd, runpy, sys\n"
    "def unknown(*_): raise KeyError('uid not found')\n"
    "pwd.getpwuid = pwd.getpwnam = unknown\n"
    "os.environ.pop('HOME', None)\n"
    "runpy.run_module('kinesics.cli', run_name='__main__', alter_sys=True)\n"
)
#: A terminal that is not UTF-8, whichever way it is set.
PLAIN = [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}]


def run(*command: str, remove: tuple[str, ...] = (), **options) -> subprocess.CompletedProcess:
    """Run Python with these arguments and variables of the environment."""
    kept = {name: value for name, value in os.environ.items() if name not in remove}
    environment = kept | options.pop("environment", {})
    return subprocess.run(
        [sys.executable, *command], capture_output=True, env=environment, encoding="utf-8", errors="replace", **options
    )


def homeless(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    remove = ("HOME", "KINESICS_DATA", "XDG_CACHE_HOME")
    return run("-c", HOMELESS, *arguments, remove=remove, environment=environment)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["detect", "--help"], ["fetch"]])
def test_help_needs_no_home_folder(arguments):
    done = homeless(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.slow
def test_a_command_without_a_home_folder_proposes_another_one(tmp_path):
    command = ["detect", str(tmp_path / "absent.mp4"), "--out", str(tmp_path / "e.csv")]
    done = homeless(*command)
    assert done.returncode == 1
    assert done.stderr == "kinesics: no home folder: set KINESICS_DATA to a folder for downloaded files\n"
    for arguments, environment in ((command, {"KINESICS_DATA": str(tmp_path)}), ([*command, "--data", "."], {})):
        done = homeless(*arguments, **environment)
        assert done.stderr == f"kinesics: {tmp_path / 'absent.mp4'}: no such file\n"


@pytest.mark.slow
@pytest.mark.parametrize("environment", PLAIN)
@pytest.mark.parametrize("name", [os.fsdecode(b"\xe9t\xe9.mp4"), "été.mp4"])
@pytest.mark.parametrize(
    "command", [["track", "--out", "t.parquet"], ["detect", "--out", "e.csv"], ["score", "--predicted"]]
)
def test_names_that_the_terminal_cannot_print_are_escaped(tmp_path, environment, name, command):
    name, options = os.fsencode(name), command[1:]
    more = ["--truth", "absent.csv", *options, name] if command[0] == "score" else [name, *options]
    done = run("-m", "kinesics.cli", command[0], *more, cwd=tmp_path, environment=environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("kinesics: ")
    assert not list(tmp_path.iterdir())


def test_names_that_no_table_holds_are_refused_before_the_video_is_read(tmp_path):
    path = write_video(tmp_path / "film.mp4", numbered(4)).rename(tmp_path / os.fsdecode(b"\xff.mp4"))
    for arguments in (
        ["detect", path, "--out", "e.csv"],
        ["detect", "film.mp4", "--out", os.fsdecode(b"\xfe.csv")],
        ["ask", path, "--labels", "a", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--out", "a.csv"],
    ):
        done = run("-m", "kinesics.cli", *map(os.fsencode, arguments), cwd=tmp_path)
        assert done.returncode == 1
        assert "is not text in utf-8: rename the file or folder" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_a_data_folder_whose_name_is_no_text_is_refused():
    command = ["-m", "kinesics.cli", "detect", "absent.mp4", "--out", "e.csv"]
    done = run(*command, environment={"KINESICS_DATA": os.fsdecode(b"/absent/\xff")})
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is not text in utf-8" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["fetch"]])
def test_a_full_disk_is_one_line_and_a_reader_that_leaves_none(arguments):
    command = [sys.executable, "-m", "kinesics.cli", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, "kinesics: the disk: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
