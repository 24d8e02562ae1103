"""Downloads: the right bytes or one clear error, from registries, URLs and mirrors."""

import csv
import hashlib
import io
import os
import stat
import subprocess
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.io.files import HOST

MIRROR = os.environ.get("KINESICS_MIRROR")
CONTENT = b"a real file\n"
SHA = hashlib.sha256(CONTENT).hexdigest()
COLUMNS = [
    "id",
    "tier",
    "kind",
    "package",
    "version",
    "url",
    "path",
    "file",
    "sha256",
    "bytes",
    "licence",
    "citation",
    "mirror",
    "description",
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.delenv("KINESICS_MIRROR", raising=False)
    monkeypatch.setattr(downloads, "PAUSE_S", 0.0)


def table(tmp_path: Path, **changes: str) -> Path:
    row = dict.fromkeys(COLUMNS, "") | {
        "id": "thing",
        "tier": "embedded",
        "kind": "pypi",
        "package": "thing-package",
        "version": "1.0",
        "path": "inside/thing.bin",
        "file": "thing.bin",
        "sha256": SHA,
        "bytes": str(len(CONTENT)),
        "licence": "MIT",
        "citation": "key",
        "mirror": "pypi/thing.bin",
        "description": "a thing",
    }
    path = tmp_path / "sources.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow(row | changes)
    return path


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Put clients on the PATH that deliver the archives of a folder, as pip and npm do, and count their calls."""
    shop, calls, folder = tmp_path / "shop", tmp_path / "calls", tmp_path / "bin"
    shop.mkdir()
    folder.mkdir()
    for name, flag in (("python", "--dest"), ("npm", "--pack-destination")):
        client = folder / name
        client.write_text(
            f'#!/bin/sh\necho {name} >> "{calls}"\nwhile [ "$1" != "{flag}" ]; do shift; done\n'
            f'ls "{shop}"/* >/dev/null 2>&1 || {{ echo "ERROR: no route to the registry" >&2; exit 1; }}\n'
            f'cp "{shop}"/* "$2"\n'
        )
        client.chmod(client.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(downloads.sys, "executable", str(folder / "python"))
    return shop, lambda: calls.read_text().split() if calls.exists() else []


def wheel(shop: Path, content: bytes = CONTENT, inside: str = "inside/thing.bin") -> None:
    with zipfile.ZipFile(shop / "thing.whl", "w") as archive:
        archive.writestr(inside, content)


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_wheel_is_opened_and_checked_once(tmp_path, registry):
    shop, calls = registry
    wheel(shop)
    for _ in range(2):
        (path,) = downloads.fetch("thing", tmp_path / "data", table(tmp_path))
        assert path.read_bytes() == CONTENT
    assert calls() == ["python"]
    assert left(tmp_path / "data") == ["thing/thing.bin"]


def tarball(shop: Path) -> None:
    with tarfile.open(shop / "thing.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("inside/thing.bin")
        entry.size = len(CONTENT)
        archive.addfile(entry, io.BytesIO(CONTENT))


def test_a_source_archive_is_opened(tmp_path, registry, monkeypatch):
    shop, calls = registry
    tarball(shop)
    commands = []
    run = downloads._client
    monkeypatch.setattr(downloads, "_client", lambda command, folder: commands.append(command) or run(command, folder))
    (path,) = downloads.fetch("thing", tmp_path / "data", table(tmp_path, kind="sdist"))
    assert path.read_bytes() == CONTENT
    assert calls() == ["python"]
    assert "--no-binary" in commands[0]
    assert "--only-binary=:all:" not in commands[0]


def test_an_npm_package_is_opened(tmp_path, registry):
    tarball(registry[0])
    (path,) = downloads.fetch("thing", tmp_path / "data", table(tmp_path, kind="npm"))
    assert path.read_bytes() == CONTENT
    assert registry[1]() == ["npm"]


def test_an_unreachable_source_is_tried_thrice_then_named_with_the_way_out(tmp_path, registry):
    with pytest.raises(KinesicsError) as error:
        downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    message = str(error.value)
    assert "source 'thing' cannot be reached: tried 3 times 'pip download thing-package==1.0'" in message
    assert "ERROR: no route to the registry" in message
    assert "<folder>/pypi/thing.bin and set KINESICS_MIRROR=<folder>" in message
    assert registry[1]() == ["python"] * 3
    assert left(tmp_path / "data") == []


def test_a_missing_client_is_named(tmp_path, registry, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(KinesicsError, match="the program 'npm' is not installed"):
        downloads.fetch("thing", tmp_path / "data", table(tmp_path, kind="npm"))


def test_a_wrong_checksum_is_named_and_nothing_is_left(tmp_path, registry):
    wheel(registry[0], b"another file\n")
    with pytest.raises(KinesicsError, match=rf"source 'thing': inside/thing.bin has SHA-256 .*, but {SHA} is expected"):
        downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    assert left(tmp_path / "data") == []


def test_a_file_missing_from_its_archive_is_named(tmp_path, registry):
    wheel(registry[0], inside="elsewhere.bin")
    with pytest.raises(KinesicsError, match=r"source 'thing': no file 'inside/thing.bin' in thing.whl"):
        downloads.fetch("thing", tmp_path / "data", table(tmp_path))


def test_a_damaged_file_in_place_is_fetched_again(tmp_path, registry, capsys):
    wheel(registry[0])
    place = tmp_path / "data/thing/thing.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"damaged")
    downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    assert place.read_bytes() == CONTENT
    assert f"{place}: its SHA-256 is not the pinned one: deleted" in capsys.readouterr().err


def test_what_a_killed_fetch_left_is_cleared(tmp_path, registry):
    wheel(registry[0])
    killed = subprocess.Popen(["true"])
    killed.wait()
    stale = tmp_path / f"data/thing/.fetch-{HOST}-{killed.pid}-x"
    stale.mkdir(parents=True)
    (stale / "half").write_bytes(b"ha")
    downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    assert left(tmp_path / "data") == ["thing/thing.bin"]


def test_a_mirror_serves_without_a_registry(tmp_path, registry, monkeypatch):
    mirror = tmp_path / "mirror/pypi/thing.bin"
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(CONTENT)
    monkeypatch.setenv("KINESICS_MIRROR", str(tmp_path / "mirror"))
    (path,) = downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    assert path.read_bytes() == CONTENT
    assert registry[1]() == []
    path.unlink()
    mirror.write_bytes(b"damaged")
    with pytest.raises(KinesicsError, match=r"the mirror's .*pypi/thing.bin has SHA-256"):
        downloads.fetch("thing", tmp_path / "data", table(tmp_path))
    assert mirror.exists()
    assert left(tmp_path / "data") == []


def test_a_mirror_that_is_no_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KINESICS_MIRROR", str(tmp_path / "absent"))
    with pytest.raises(KinesicsError, match=r"KINESICS_MIRROR is '.*absent', which is not a folder"):
        downloads.fetch("thing", tmp_path / "data", table(tmp_path))


class Origin(BaseHTTPRequestHandler):
    """Answers by path and records the paths: thing.bin is served, the others are faults of origins."""

    def do_GET(self):
        self.server.requested.append(self.path)
        if self.path == "/moved.bin":
            self.reply(302, Location="/thing.bin")
        elif self.path == "/loop.bin":
            self.reply(302, Location="/loop.bin")
        elif self.path == "/changed.bin":
            self.reply(200, b"another file\n")
        elif self.path == "/thing.bin" or (self.path == "/shaky.bin" and self.server.requested.count(self.path) > 1):
            self.reply(200, CONTENT)
        elif self.path in ("/short.bin", "/shaky.bin"):
            self.reply(200, CONTENT[:5], length=len(CONTENT))
        elif self.path == "/silent.bin":
            self.server.wait.wait()
        elif self.path == "/rude.bin":
            self.wfile.write(b"no HTTP at all\r\n\r\n")
        else:
            self.send_error(404)

    def reply(self, code: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(length or len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def origin(monkeypatch):
    """A server on this machine that speaks HTTP where the table of sources wants HTTPS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.requested, server.wait = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    real = downloads.get
    monkeypatch.setattr(downloads, "get", lambda url, path: real(url.replace("https", "http"), path))
    monkeypatch.setattr(downloads, "SILENCE_S", 0.2)
    yield server
    server.wait.set()
    server.shutdown()
    server.server_close()
    thread.join()


def listed(tmp_path: Path, origin: ThreadingHTTPServer, name: str) -> Path:
    url = f"https://127.0.0.1:{origin.server_port}/{name}"
    return table(tmp_path, kind="url", url=url, package="", path="")


@pytest.mark.parametrize(
    ("name", "requested"),
    [
        ("thing.bin", ["/thing.bin"]),
        ("moved.bin", ["/moved.bin", "/thing.bin"]),
        ("shaky.bin", ["/shaky.bin", "/shaky.bin"]),  # cut off once, whole at the second attempt
    ],
)
def test_a_url_is_fetched(tmp_path, origin, name, requested):
    (path,) = downloads.fetch("thing", tmp_path / "data", listed(tmp_path, origin, name))
    assert path.read_bytes() == CONTENT
    assert origin.requested == requested
    assert left(tmp_path / "data") == ["thing/thing.bin"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.bin", r"tried 3 times 'GET https://.*/gone.bin'; the last answer was: .*404"),
        ("loop.bin", r"tried 3 times 'GET .*infinite loop"),
        ("short.bin", r"tried 3 times 'GET .*/short.bin'; the last answer was: the connection ended 7 bytes too early"),
        ("silent.bin", r"tried 3 times 'GET .*/silent.bin'; the last answer was: .*timed out"),
        ("rude.bin", r"tried 3 times 'GET .*/rude.bin'; the last answer was: BadStatusLine"),
        ("changed.bin", rf"source 'thing': https://.*/changed.bin has SHA-256 .*, but {SHA} is expected"),
    ],
)
def test_a_fault_of_an_origin_is_named_and_nothing_is_left(tmp_path, origin, name, message):
    with pytest.raises(KinesicsError, match=message) as error:
        downloads.fetch("thing", tmp_path / "data", listed(tmp_path, origin, name))
    assert "\n" not in str(error.value)
    assert left(tmp_path / "data") == []


def test_an_origin_that_is_off_is_named(tmp_path, origin):
    table = listed(tmp_path, origin, "thing.bin")
    origin.server_close()
    with pytest.raises(KinesicsError, match=r"tried 3 times .* answer was: .*set KINESICS_MIRROR=<folder>"):
        downloads.fetch("thing", tmp_path / "data", table)


def test_files_of_a_url_source_come_one_by_one(tmp_path, monkeypatch):
    listed = table(tmp_path, kind="url", url="https://host/0", package="", path="", file="part/0+0.txt")
    line = listed.read_text().splitlines()[1]
    for i in (1, 2):
        changed = line.replace("https://host/0", f"https://host/{i}").replace("part/0+0.txt", f"part/{i}.txt")
        listed.write_text(listed.read_text() + changed + "\n")
    requested, reads, dead = [], [], {"https://host/2"}

    def get(url, path):
        requested.append(url)
        path.write_bytes(CONTENT)
        return "404" if url in dead else ""

    read = downloads.read_downloads
    monkeypatch.setattr(downloads, "get", get)
    monkeypatch.setattr(downloads, "read_downloads", lambda path: reads.append(path) or read(path))
    with pytest.raises(KinesicsError, match="tried 3 times 'GET https://host/2'"):
        downloads.fetch("thing", tmp_path / "data", listed)
    assert left(tmp_path / "data") == ["thing/part/0+0.txt", "thing/part/1.txt"]
    dead.clear()
    downloads.fetch("thing", tmp_path / "data", listed)
    assert requested == ["https://host/0", "https://host/1", *["https://host/2"] * 4]
    assert left(tmp_path / "data") == ["thing/part/0+0.txt", "thing/part/1.txt", "thing/part/2.txt"]
    assert len(reads) == 2, "the table is read once a fetch"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "abc"}, "line 2: column 'sha256': .abc. does not match"),
        ({"kind": "ftp"}, "line 2: column 'kind': .ftp. is not one of"),
        ({"version": ""}, "line 2: column 'version'"),
        *(
            ({"file": name}, "line 2: column 'file'")
            for name in ("../thing.bin", "a/../thing.bin", "/thing.bin", "a//thing.bin", "a/", ".thing", "a;b", "a#b")
        ),
        ({"mirror": "a/../../b"}, r"line 2: a path with '\.\.' leaves the folder"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, message):
    with pytest.raises(KinesicsError, match=message):
        downloads.read_downloads(table(tmp_path, **changes))


def test_a_row_with_too_few_fields_is_named(tmp_path):
    path = table(tmp_path)
    path.write_text(path.read_text() + "another,embedded\n")
    with pytest.raises(KinesicsError, match="line 3: the number of fields differs"):
        downloads.read_downloads(path)


def test_an_unknown_source_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(KinesicsError, match=r"'clip' is not a source\. The sources are thing\."):
        downloads.fetch("clip", tmp_path, table(tmp_path))


def test_the_projects_table_is_whole():
    listed = downloads.read_downloads()
    assert {"franck", "cap12_edit", "WolfgangLanger_Pexels", "single_face", "obama_speech", "mediapipe"} <= set(listed)
    assert len(listed["mediapipe"]) == 5
    tiers = [rows[0]["tier"] for rows in listed.values()]
    assert tiers == sorted(tiers, key=["embedded", "public", "full"].index)
    for name, rows in listed.items():
        assert len({row["tier"] for row in rows}) == 1
        if rows[0]["kind"] == "url":
            assert all(row["mirror"] == f"{name}/{row['file']}" for row in rows)


@pytest.mark.skipif(not MIRROR, reason="KINESICS_MIRROR is not set")
def test_the_mirror_serves_the_public_tier(tmp_path, monkeypatch):
    monkeypatch.setenv("KINESICS_MIRROR", MIRROR)
    monkeypatch.setattr(downloads, "get", lambda url, path: "the mirror is not enough")
    for name, rows in downloads.read_downloads().items():
        if rows[0]["tier"] == "public":
            paths = downloads.fetch(name, tmp_path)
            assert [path.stat().st_size for path in paths] == [int(row["bytes"]) for row in rows]


def test_a_file_damaged_after_it_was_fetched_is_named_before_it_is_used(tmp_path, registry):
    wheel(registry[0])
    listed = table(tmp_path)
    (path,) = downloads.fetch("thing", tmp_path / "data", listed)
    downloads.verify(path, tmp_path / "elsewhere/thing.bin", tables=[listed])
    path.write_bytes(b"damaged")
    with pytest.raises(KinesicsError, match=r"thing/thing.bin: changed or damaged since it was fetched"):
        downloads.verify(path, tables=[listed])
