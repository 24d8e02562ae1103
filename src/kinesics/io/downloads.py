"""Download the files that ``downloads.csv`` pins, each checked against its SHA-256.

A source is an id with one or more files, which are written to ``<folder>/<id>/<file>``. Packages come through their
registry's own client and are opened without being installed. If the environment variable KINESICS_MIRROR names a
folder that has the file under its mirror path, it is taken from there.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.io.cleanup import cleaning_up
from kinesics.io.files import HOST, alive, replacing, sha256, temporary_folder
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema

#: The weights and demo clips of the package. Other tables of the same form may be given with it.
TABLE = package_file("kinesics.io", "downloads.csv")
ATTEMPTS = 3
PAUSE_S = 2.0  # before the second attempt; doubled before each further one
TIMEOUT_S = 600
SILENCE_S = 60.0  # how long a server may send nothing

#: A wheel for one platform, so that every machine takes the same archive: only files are read from it, nothing is run.
PIP = ["--no-deps", "--only-binary=:all:", "--platform=manylinux_2_28_x86_64", "--python-version=3.11"]


def data_folder(folder: str | Path | None = None) -> Path:
    """Return the folder of downloaded files: ``folder``, else KINESICS_DATA, else ``kinesics`` in the user's cache folder.

    Raises KinesicsError if it is a file, or if the user has no home folder and no other is named.
    """
    if folder is None and not (folder := os.environ.get("KINESICS_DATA")):
        try:
            folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kinesics"
        except RuntimeError:
            raise KinesicsError("no home folder: set KINESICS_DATA to a folder for downloaded files") from None
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise KinesicsError(f"--data {folder} is no folder: give the one where downloaded files lie")
    return folder


def read_downloads(*tables: str | Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of the tables (default: ``TABLE``) by source id, in the tables' order.

    Raises KinesicsError naming file and line if a row does not fit its schema or a file is listed twice.
    """
    sources: dict[str, list[dict[str, str]]] = {}
    rows = [
        (path, line, row)
        for path in tables or [TABLE]
        for line, row in enumerate(read_table(path, schema("downloads")), start=2)
    ]
    for table, line, row in rows:
        if any(other["file"] == row["file"] for other in sources.get(row["id"], [])):
            raise KinesicsError(f"{table}: line {line}: file {row['file']!r} of source {row['id']!r} is listed twice")
        if ".." in Path(row["file"]).parts or ".." in Path(row["mirror"]).parts:
            raise KinesicsError(f"{table}: line {line}: a path with '..' leaves the folder of the source")
        sources.setdefault(row["id"], []).append(row)
    return sources


def fetch(source: str, folder: Path, *tables: str | Path) -> list[Path]:
    """Fetch what is missing of a source into ``folder`` and return its files' paths.

    Raises KinesicsError that names the source, what was tried, and how to use a mirror; or, for a wrong checksum, the
    file, which is then deleted.
    """
    rows = _rows(source, tables)
    missing = []
    for row in rows:
        path = folder / source / row["file"]
        if path.exists() and sha256(path) != row["sha256"]:
            print(f"kinesics: {path}: its SHA-256 is not the pinned one: deleted, fetching it again", file=sys.stderr)
            path.unlink()
        if not path.exists():
            missing.append(row)
    missing = [row for row in missing if not _from_mirror(row, folder)]
    if missing:
        place = folder / source
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob(f".fetch-{HOST}-*"):
            process = stale.name.removeprefix(f".fetch-{HOST}-").partition("-")[0]
            if process.isdecimal() and not alive(int(process)):
                shutil.rmtree(stale, ignore_errors=True)
        with temporary_folder(place, f".fetch-{HOST}-") as temporary:
            archives: dict[tuple[str, str, str], Path] = {}
            for number, row in enumerate(missing):
                key = (row["kind"], row["package"] or row["url"], row["version"])
                if key not in archives:
                    archives[key] = _download(row, temporary / str(number))
                _place(row, archives[key], folder)
                if row["kind"] == "url":  # a file of its own, of which one copy is enough
                    archives.pop(key).unlink()
    return [folder / source / row["file"] for row in rows]


def verify(*paths: str | Path, tables: Sequence[str | Path] = ()) -> None:
    """Check files ``.../<id>/<file>`` of sources again, before they are used.

    Raises KinesicsError naming a file that was changed or damaged since it was fetched.
    """
    sources = read_downloads(*tables)
    for path in map(Path, paths):
        folder = next((parent for parent in path.parents if parent.name in sources), None)
        if folder is None:
            continue
        row = next((row for row in sources[folder.name] if path == folder / row["file"]), None)
        if row and sha256(path) != row["sha256"]:
            raise KinesicsError(
                f"{path}: changed or damaged since it was fetched: its SHA-256 is not the pinned one. Delete it "
                "and run again, and it is fetched anew."
            )


def _rows(source: str, tables: Sequence[str | Path]) -> list[dict[str, str]]:
    sources = read_downloads(*tables)
    if source not in sources:
        raise KinesicsError(f"{source!r} is not a source. The sources are {', '.join(sources)}.")
    return sources[source]


def _from_mirror(row: dict[str, str], folder: Path) -> bool:
    root = os.environ.get("KINESICS_MIRROR")
    if not root:
        return False
    if not Path(root).is_dir():
        raise KinesicsError(f"KINESICS_MIRROR is {root!r}, which is not a folder: correct it or unset it")
    path = Path(root) / row["mirror"]
    if not path.is_file():
        return False
    with replacing(folder / row["id"] / row["file"]) as temporary:
        shutil.copyfile(path, temporary)
        _verify(row, temporary, f"the mirror's {path}")
    return True


def _verify(row: dict[str, str], path: Path, name: str) -> None:
    digest = sha256(path)
    if digest != row["sha256"]:
        raise KinesicsError(
            f"source {row['id']!r}: {name} has SHA-256 {digest}, but {row['sha256']} is expected; what was copied is "
            f"deleted. Either the file was changed at its origin or it was damaged: compare it before you trust it."
        )


def _download(row: dict[str, str], folder: Path) -> Path:
    """Download the package's archive, or the file of a URL, into an empty folder; return its path."""
    package = f"{row['package']}=={row['version']}"
    if row["kind"] in ("pypi", "sdist"):
        # The client reads a source archive's version with the package's own build tool.
        archive = (
            PIP if row["kind"] == "pypi" else ["--no-deps", "--ignore-requires-python", "--no-binary", row["package"]]
        )
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *archive]
        attempt = _client([*command, "--dest", str(folder), package], folder.parent)
        what = f"pip download {package}"
    elif row["kind"] == "npm":
        package = f"{row['package']}@{row['version']}"
        attempt = _client(["npm", "pack", "--silent", "--pack-destination", str(folder), package], folder.parent)
        what = f"npm pack {package}"
    elif row["kind"] == "url":
        attempt = lambda: get(row["url"], folder / "download")  # noqa: E731
        what = f"GET {row['url']}"
    else:
        raise KinesicsError(f"source {row['id']!r} is generated: it is made by the workflow, not fetched")
    for number in range(ATTEMPTS):
        if number:
            time.sleep(PAUSE_S * 2 ** (number - 1))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        trouble = attempt()
        found = sorted(folder.iterdir())
        if not trouble and len(found) == 1:
            return found[0]
    place = os.environ.get("KINESICS_MIRROR") or "<folder>"
    setting = shlex.quote(place) if place != "<folder>" else place
    raise KinesicsError(
        f"source {row['id']!r} cannot be reached: tried {ATTEMPTS} times '{what}'; the last answer was: "
        f"{trouble or f'{len(found)} files instead of one'}. Without a network, put the file at "
        f"{place}/{row['mirror']} and set KINESICS_MIRROR={setting}."
    )


def _client(command: list[str], temporary: Path) -> Callable[[], str]:
    """Return a function that runs a command and returns what went wrong, or nothing.

    ``temporary`` is the folder of its temporary files, which are deleted with it if the command is killed.
    """

    def run() -> str:
        try:
            process = subprocess.Popen(
                command,
                text=True,
                env=os.environ | {"TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            with process, cleaning_up(process.kill):
                output, complaints = process.communicate(timeout=TIMEOUT_S)
        except FileNotFoundError:
            return f"the program {command[0]!r} is not installed"
        except subprocess.TimeoutExpired:
            return f"no answer within {TIMEOUT_S} s"
        lines = [line for line in (complaints + output).splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines
        return (errors or ["no output"])[-1].strip() if process.returncode else ""

    return run


def get(url: str, path: Path) -> str:
    """Download a URL to a file; return the error, or nothing."""
    try:
        with urllib.request.urlopen(url, timeout=SILENCE_S) as response, path.open("wb") as file:
            shutil.copyfileobj(response, file)
            missing = response.length  # of what was promised; None if nothing was
    except (OSError, HTTPException) as error:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return f"the connection ended {missing} bytes too early" if missing else ""


def _place(row: dict[str, str], archive: Path, folder: Path) -> None:
    """Copy the row's file out of the archive to its place, whole and checked."""
    with replacing(folder / row["id"] / row["file"]) as temporary:
        try:
            if row["kind"] == "url":
                shutil.copyfile(archive, temporary)
            elif zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened, opened.open(row["path"]) as inner, temporary.open("wb") as out:
                    shutil.copyfileobj(inner, out)
            else:
                with tarfile.open(archive) as opened, temporary.open("wb") as out:
                    inner = opened.extractfile(row["path"])
                    if inner is None:
                        raise KeyError(row["path"])
                    shutil.copyfileobj(inner, out)
        except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise KinesicsError(f"source {row['id']!r}: no file {row['path']!r} in {archive.name}: {error}") from None
        _verify(row, temporary, row["path"] or row["url"])
