"""`annotate` with odd names and odd folders: results stay in their folder, names are text, what fails leaves nothing."""

import ctypes
import json
import os
import shutil
from pathlib import Path

import pytest
from support import ROOT

from kinesics.cli.main import main
from kinesics.formats.registry import read_events
from kinesics.io.files import sha256

DATA = ["--data", str(ROOT / "data")]
NAMES = [
    "two  spaces",
    'it\'s "quoted" `twice`',
    "Gespräch 会話 🎥",
    "..up",
    "-rf --help",
    "<img src=x onerror=alert(1)>&amp;<script>alert(2)",
    "%d{name}$HOME*?[a]",
]
PARTS = ["{}.eaf", "{}.boris", "{}.vtt", "{}.TextGrid"]


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a disk of 1 MB; skip where no disk may be mounted."""
    folder, libc = tmp_path / "disk", ctypes.CDLL(None, use_errno=True)
    folder.mkdir()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=1M"):
        pytest.skip(f"no disk can be mounted: {os.strerror(ctypes.get_errno())}")
    yield folder
    libc.umount2(os.fsencode(folder), 2)


def listing(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_names(tmp_path, monkeypatch, clip, recwarn, name):
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(clip("single_face"), films / f"{name}.mp4")
    monkeypatch.chdir(films)
    before = listing(tmp_path)
    assert main(["annotate", f"--out={tmp_path / 'out'}", *DATA, "--", f"{name}.mp4"]) == 0
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]
    folder = tmp_path / "out" / name
    new = listing(tmp_path) - before
    assert all(path.parts[:2] == ("out", name) for path in new if path != Path("out"))
    record = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert {path.name: sha256(path) for path in folder.iterdir() if path.name != "provenance.json"} == record["outputs"]
    events = read_events(folder / "events.csv").table
    assert set(events["video"]) == {name}
    for part in PARTS:
        assert len(read_events(folder / part.format(name))) == len(events)
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["two\nlines", "tab\there", "   ", ".", ".."])
def test_names_that_no_table_holds_are_refused(tmp_path, clip, capsys, name):
    path = tmp_path / f"{name}.mp4"
    shutil.copy(clip("single_face"), path)
    before = listing(tmp_path)
    assert main(["annotate", str(path), "--out", str(tmp_path / "out"), *DATA]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "rename the file" in line
    assert listing(tmp_path) == before


def test_a_folder_that_takes_no_files_is_named(tmp_path, clip, capsys):
    out = Path("/proc/self")  # takes no files of anybody, not of root either
    assert main(["annotate", str(clip("single_face")), "--out", str(out), *DATA]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "/proc/self" in line
    assert "cannot be written" in line or "device or a pipe" in line


@pytest.mark.slow
def test_a_disk_that_fills_up_leaves_no_half_written_file_and_can_be_continued(small_disk, tmp_path, clip, capsys):
    filler, video = small_disk / "filler", tmp_path / "film.mp4"
    shutil.copy(clip("single_face"), video)
    arguments = ["annotate", str(video), "--out", str(small_disk / "out"), *DATA]
    for room in (8, 64, 160, 320):  # kB: the disk is full at another file each time
        filler.unlink(missing_ok=True)
        free = shutil.disk_usage(small_disk).free
        filler.write_bytes(bytes(max(free - 1024 * room, 0)))
        status, line = main(arguments), capsys.readouterr().err.strip().splitlines()[-1:]
        if status:
            assert "no space left" in line[0]
            assert not (small_disk / "out/film/provenance.json").exists()
        assert not [path for path in small_disk.rglob(".*") if path.is_file()]
    filler.unlink(missing_ok=True)
    assert main(arguments) == 0
    assert main(["annotate", str(video), "--out", str(tmp_path / "out"), *DATA]) == 0
    for path in (tmp_path / "out/film").iterdir():
        if path.suffix not in (".eaf", ".boris", ".html", ".json"):  # these name the video relative to themselves
            assert path.read_bytes() == (small_disk / "out/film" / path.name).read_bytes()
