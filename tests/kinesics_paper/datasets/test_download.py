"""The download of the open benchmarks, from a server on this machine."""

import http.server
import shutil
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from support.miniature import write_crema_d

from kinesics.errors import KinesicsError
from kinesics_paper.datasets import base, crema_d, download, ravdess


@pytest.fixture
def server(tmp_path):
    """Serve a folder on this machine; return the folder and a function that gets a URL by its file name from there."""
    root = tmp_path / "origin"
    root.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=root)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

        def get(url: str, path: Path) -> str:
            requested.append(url)
            name = url.partition("?")[0].rpartition("/")[2]
            return download.get(f"http://127.0.0.1:{served.server_port}/{name}", path)

        requested = get.requested = []
        yield root, get
        served.shutdown()


@pytest.mark.slow
def test_an_archive_and_the_archives_in_it_are_unpacked(benchmarks, server, tmp_path):
    root, get = server
    inner = tmp_path / "test.tar.gz"
    with tarfile.open(inner, "w:gz") as archive:
        archive.add(benchmarks / "meld/MELD.Raw/test", "test")
    with tarfile.open(root / "MELD.Raw.tar.gz", "w:gz") as archive:
        archive.add(inner, "MELD.Raw/test.tar.gz")
        for part in ("train", "dev", "dev_sent_emo.csv", "test_sent_emo.csv"):
            archive.add(benchmarks / "meld/MELD.Raw" / part, f"MELD.Raw/{part}")
    folder = tmp_path / "meld"
    sums = download.fetch("meld", folder, get)
    assert len(base.read_benchmark("meld", folder).videos) == 4
    assert not list(folder.rglob("*.tar.gz"))
    assert download.read_sums(sums) == {"MELD.Raw.tar.gz": download.sha256(root / "MELD.Raw.tar.gz")}
    download.fetch("meld", folder, get)
    assert len(get.requested) == 1


def test_the_pinned_clips_are_all_that_have_votes():
    checksums = crema_d.read_checksums()
    assert len(checksums) == 7442
    assert len(set(checksums.values())) == 7442
    assert all(place.startswith("VideoFlash/1") and place.endswith(".flv") for place in checksums)


def test_a_clip_that_is_not_the_published_one_is_refused(benchmarks, server, tmp_path):
    """The neutral clips of the miniature have names of true ones, and other contents."""
    root, get = server
    write_crema_d(root)
    for clip in (benchmarks / "crema-d/VideoFlash").iterdir():
        shutil.copyfile(clip, root / clip.name)
    folder = tmp_path / "crema-d"
    with pytest.raises(KinesicsError, match=r"/CREMA-D/1658cd3.*/1001_IEO_NEU_XX.flv: its SHA-256 is \w+, but \w+ is"):
        download.fetch("crema-d", folder, get)
    assert not list(folder.rglob("1001_IEO_NEU_XX.flv"))


def test_what_the_annotation_lists_is_fetched_after_it(benchmarks, server, tmp_path, monkeypatch):
    root, get = server
    write_crema_d(root)
    monkeypatch.setattr(crema_d, "BENCHMARK", replace(crema_d.BENCHMARK, checksums=None))
    clips = sorted((benchmarks / "crema-d/VideoFlash").iterdir())
    for clip in clips[:-1]:
        shutil.copyfile(clip, root / clip.name)
    folder = tmp_path / "crema-d"
    with pytest.raises(
        KinesicsError, match=rf"'crema-d' cannot be reached: tried 3 times https://.*/{clips[-1].name}; .*404"
    ):
        download.fetch("crema-d", folder, get)
    shutil.copyfile(clips[-1], root / clips[-1].name)
    before = len(get.requested)
    sums = download.fetch("crema-d", folder, get)
    assert len(get.requested) == before + 1
    assert len(download.read_sums(sums)) == 1 + len(clips)
    assert len(base.read_benchmark("crema-d", folder).videos) == len(clips)
    (folder / "VideoFlash" / clips[0].name).unlink()
    (root / clips[0].name).write_bytes(b"another clip")
    with pytest.raises(
        KinesicsError, match=rf"{clips[0].name}: its SHA-256 is [0-9a-f]+, but was [0-9a-f]+ when it was first"
    ):
        download.fetch("crema-d", folder, get)
    assert not (folder / "VideoFlash" / clips[0].name).exists()


def test_an_archive_that_is_none_and_a_benchmark_that_is_placed(server, tmp_path):
    root, get = server
    (root / "MELD.Raw.tar.gz").write_bytes(b"no archive")
    with pytest.raises(KinesicsError, match=r"MELD.Raw.tar.gz: cannot be unpacked"):
        download.fetch("meld", tmp_path / "meld", get)
    with pytest.raises(KinesicsError, match=r"dfew is not downloaded, but placed by hand"):
        download.fetch("dfew", tmp_path / "dfew", get)
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../outside.txt", "x")
    download._unpack(tmp_path / "out.zip", tmp_path / "inside")
    assert not (tmp_path / "outside.txt").exists()


def test_every_open_benchmark_names_its_downloads(benchmarks):
    for name, row in base.BENCHMARKS.items():
        if row["fetch"] == "yes":
            listed = list(base.find_benchmark(name).downloads(benchmarks / name))
            assert listed
            assert all(url.startswith("https://") and not place.startswith("/") for url, place in listed)
    assert len(list(ravdess.downloads(benchmarks))) == len(ravdess.ACTORS)
