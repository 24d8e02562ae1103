"""Full disks: one line that names the file, nothing half-written, and caches that stay good."""

import ctypes
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import ROOT
from support.footage import write_footage

from kinesics.cli.main import main
from kinesics.encoders import cache
from kinesics.encoders.base import Encode
from kinesics.errors import KinesicsError
from kinesics.io.files import replacing, write_text

SIZE = 256 * 1024


@pytest.fixture
def full_disk(tmp_path):
    """Return a folder on a small disk that is full but for a few kilobytes; skip where no disk may be mounted."""
    folder, libc = tmp_path / "disk", ctypes.CDLL(None, use_errno=True)
    folder.mkdir()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={SIZE}".encode()):
        pytest.skip(f"no disk can be mounted: {os.strerror(ctypes.get_errno())}")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


def fill(folder: Path, room: int) -> list[str]:
    """Fill a disk but for some room; return its files."""
    free = shutil.disk_usage(folder).free
    (folder / "filler").write_bytes(bytes(max(free - room, 0)))
    return listing(folder)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def refused(capsys):
    """Return a function that runs a command and returns the one line of its refusal on a full disk."""

    def run(*arguments: object) -> str:
        assert main([str(argument) for argument in arguments]) == 1
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert line.startswith("kinesics: ")
        assert "no space left" in line
        return line

    return run


@pytest.mark.slow
def test_tracks_events_and_features_are_whole_or_not_there(full_disk, refused, detected, clip, tmp_path):
    video, data, tracks = clip("single_face"), ["--data", ROOT / "data"], detected / "tracks.parquet"
    before = fill(full_disk, 0)
    for out, command in {
        "t.parquet": ["track", video, "--rate", "0.5"],
        "e.csv": ["detect", video, "--tracks", tracks],
        "f.safetensors": ["encode", video, "--tracks", tracks, "--encoder", "fer", "--rate", "0.5"],
    }.items():
        assert out in refused(*command, *data, "--out", full_disk / out)
        assert listing(full_disk) == before


@pytest.mark.slow
def test_a_synthetic_video_is_whole_or_not_there(full_disk, refused, tmp_path):
    before = fill(full_disk, 8192)
    data = ["--data", ROOT / "data"]
    assert "v.mp4" in refused("synthesize", "--duration", "2", "--people", "1", *data, "--out", full_disk / "v.mp4")
    assert listing(full_disk) == before


def tokens(images: np.ndarray) -> np.ndarray:
    return np.repeat(images.reshape(len(images), -1)[:, :1].astype(np.float32), 1000, 1)


def grown(encode: Encode, count: int) -> None:
    for k in range(count):
        encode(np.full((1, 4, 4, 3), k % 256, np.uint8) + np.arange(3, dtype=np.uint8) * (k // 256))


def test_a_cache_that_fills_its_disk_keeps_what_it_holds(full_disk):
    path = full_disk / "cache"
    with pytest.raises(KinesicsError, match=r"cache: no space left on the device: the features that it holds are good"):
        grown(cache.with_cache(tokens, b"key", path), 500)
    fill(full_disk, 0)
    encode = cache.with_cache(None, b"key", path)
    grown(encode, 20)  # which are kept: there is no network
    with pytest.raises(KinesicsError, match="no space left") as error:
        grown(cache.with_cache(tokens, b"other key", path), 100)
    assert "not a cache" not in str(error.value)
    (full_disk / "filler").unlink()
    grown(encode, 20)


def test_no_cache_is_begun_on_a_full_disk(full_disk):
    fill(full_disk, 0)
    with pytest.raises(KinesicsError, match="cache: no space left"):
        cache.with_cache(tokens, b"key", full_disk / "cache")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("No space left on device")])
def test_errors_of_libraries_about_space_name_the_file(tmp_path, error):
    with pytest.raises(KinesicsError, match=r"a\.txt: no space left"), replacing(tmp_path / "a.txt"):
        raise error
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="other"), replacing(tmp_path / "a.txt"):
        raise ValueError("other")
    write_text(tmp_path / "a.txt", "whole")


def test_a_full_disk_of_temporary_files_is_named(full_disk, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(full_disk))
    fill(full_disk, 0)
    video = write_footage(tmp_path / "v.mp4", seconds=(0, 0.2), sound_codec=None)
    refused("track", video, "--data", ROOT / "data", "--out", tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()
