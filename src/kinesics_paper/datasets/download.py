"""Fetch the open corpora from their origins.

The ``downloads(folder)`` of a corpus yields (URL, place below its folder) one after the other: after each it goes on only
when the file is there, so that later ones may be named by earlier ones. A file whose URL ends in .zip or .tar.gz is unpacked
into the place, the tar archives in it as well, and deleted.

The origins publish no SHA-256. So that of each download is recorded when it first arrives, in ``<folder>/SHA256SUMS`` (the
form of the program sha256sum): a file that is named there is not fetched again, and one that comes with another sum is
refused. Who wants to pin a corpus keeps that file.
"""

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from kinesics.errors import KinesicsError
from kinesics.io.downloads import ATTEMPTS, get
from kinesics.io.files import replacing, sha256, write_text
from kinesics_paper.datasets.base import benchmark_row, find_reader

SUMS = "SHA256SUMS"
EVERY = 100  # files after which their checksums are written: a build that is killed fetches no more than these again


def fetch(name: str, folder: str | Path, get: Callable[[str, Path], str] = get) -> Path:
    """Download what is missing of a corpus into its folder; return the path of its checksums.

    ``get(url, path)`` returns what went wrong, or nothing. Raises KinesicsError naming the corpus, the URL and the last
    answer; for another checksum than the recorded one; and for an archive that cannot be unpacked.
    """
    if benchmark_row(name)["fetch"] != "yes":
        raise KinesicsError(f"{name} is not downloaded, but placed by hand")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known, new = read_sums(folder / SUMS), 0
    try:
        for url, place in find_reader(name).downloads(folder):
            file = Path(urlsplit(url).path).name
            archive = file.endswith((".zip", ".tar.gz"))
            entry = f"{place}/{file}" if archive and place else file if archive else place
            if entry in known and (archive or (folder / place).is_file()):
                continue
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as temporary:
                path = Path(temporary) / file
                _attempt(name, url, path, get)
                found = sha256(path)
                if known.setdefault(entry, found) != found:
                    recorded = f"{known[entry]} when it was first fetched ({folder / SUMS})"
                    raise KinesicsError(f"{url}: its SHA-256 is {found}, but was {recorded}")
                if archive:
                    _unpack(path, folder / place)
                else:
                    with replacing(folder / place) as whole:
                        shutil.move(path, whole)
            new += 1
            if archive or new % EVERY == 0:
                _write_sums(folder / SUMS, known)
    finally:
        _write_sums(folder / SUMS, known)
    return folder / SUMS


def read_sums(path: Path) -> dict[str, str]:
    """Return {file: SHA-256} of a file of checksums, none if it is not there. Raises KinesicsError naming a bad line."""
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        digest, _, file = line.partition("  ")
        if len(digest) != 64 or not file:
            raise KinesicsError(f"{path}: line {number}: not '<SHA-256>  <file>'")
        found[file] = digest
    return found


def _write_sums(path: Path, known: dict[str, str]) -> None:
    write_text(path, "".join(f"{known[key]}  {key}\n" for key in sorted(known)))


def _attempt(name: str, url: str, path: Path, get: Callable[[str, Path], str]) -> None:
    for _ in range(ATTEMPTS):
        trouble = get(url, path)
        if not trouble and path.is_file():
            return
    raise KinesicsError(
        f"corpus {name!r} cannot be reached: tried {ATTEMPTS} times {url}; the last answer was: {trouble or 'nothing'}. "
        f"Without a network, unpack it by hand: {benchmark_row(name)['unpack']}"
    )


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive and the tar archives in it; what would leave the folder is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder)
                inner = opened.namelist()
        else:
            with tarfile.open(archive) as opened:
                opened.extractall(folder, filter="data")
                inner = opened.getnames()
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise KinesicsError(f"{archive.name}: cannot be unpacked: {error}") from None
    for path in _archives(folder, inner):
        _unpack(path, path.parent)
        path.unlink()


def _archives(folder: Path, names: list[str]) -> Iterator[Path]:
    return (folder / name for name in sorted(names) if name.endswith(".tar.gz"))
