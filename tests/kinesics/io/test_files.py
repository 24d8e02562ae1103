"""Files are written whole or not at all, also under long names; temporary ones are deleted."""

import os
import subprocess

import pytest

from kinesics.errors import KinesicsError
from kinesics.io.cleanup import clean_up, cleaning_up
from kinesics.io.files import HOST, replacing, temporary_folder, write_text

#: The longest name of a file that the file systems of Linux take, in bytes.
LONGEST = 255


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(KinesicsError, match=r"pipe\.json: cannot be written: is a device or a pipe"):
        write_text(tmp_path / "pipe.json", "{}")
    assert (tmp_path / "pipe.json").is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe.json"]


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "é" * 125 + ".csv", "n" * LONGEST, "n." + "m" * 253])
def test_names_as_long_as_the_file_system_takes_are_written(tmp_path, name):
    write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "whole"


def test_what_a_killed_process_left_of_a_long_name_is_deleted(tmp_path):
    killed = subprocess.Popen(["true"])
    killed.wait()
    path = tmp_path / ("n" * 251 + ".csv")
    with replacing(path) as temporary:
        other = temporary.with_name(temporary.name.replace(str(os.getpid()), str(killed.pid)))
        other.touch()
        assert temporary.suffix == ".csv"
        assert temporary.name.startswith(f".{HOST}-")
    write_text(path, "again")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_longer_name_is_refused_in_one_line(tmp_path):
    with pytest.raises(KinesicsError, match="cannot be written: File name too long"):
        write_text(tmp_path / ("n" * (LONGEST + 1)), "")


def test_a_temporary_folder_goes_with_its_content(tmp_path):
    with temporary_folder(tmp_path) as folder:
        (folder / "inner").mkdir()
        (folder / "inner/file").touch()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="wrong"), temporary_folder(tmp_path) as folder:
        raise ValueError("wrong")
    assert not list(tmp_path.iterdir())


def test_clean_up_deletes_what_open_blocks_have_made(tmp_path):
    with (
        pytest.raises(FileNotFoundError),
        temporary_folder(tmp_path) as folder,
        replacing(tmp_path / "out") as temporary,
    ):
        assert {folder, temporary} == set(tmp_path.iterdir())
        clean_up()
        assert not list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_clean_up_goes_on_after_what_cannot_be_deleted():
    calls = []

    def fail() -> None:
        calls.append("fail")
        if len(calls) == 1:
            raise PermissionError

    with cleaning_up(lambda: calls.append("first")), cleaning_up(fail):
        clean_up()
        assert calls == ["fail", "first"]
