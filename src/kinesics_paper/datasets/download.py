"""Fetch the open benchmarks from their origins.

``Benchmark.downloads`` yields (URL, place below the folder) one after the other: after each it goes on only when the file is
there, so that later ones may be named by earlier ones. A file whose URL ends in .zip or .tar.gz is unpacked into the place,
the tar archives in it as well, and deleted.

Few origins publish checksums (``Benchmark.checksums``). The SHA-256 of each download is recorded when it first arrives, in
``<folder>/SHA256SUMS`` (the format of the program sha256sum): a file that is named there is not fetched again, and one that
comes with another sum is refused. To pin a benchmark, keep that file.
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
from kinesics_paper.datasets.base import benchmark_row, find_benchmark

SUMS = "SHA256SUMS"
EVERY = 100  # files after which their checksums are written: a build that is killed fetches no more than these again


def fetch(name: str, folder: str | Path, get: Callable[[str, Path], str] = get) -> Path:
    """Download what is missing of a benchmark into its folder; return the path of its checksums.

    ``get(url, path)`` returns what went wrong, or nothing. Raises KinesicsError naming the benchmark, the URL and the last
    answer; for another checksum than the published or recorded one; and for an archive that cannot be unpacked.
    """
    benchmark = find_benchmark(name)
    downloads, published = benchmark.downloads, benchmark.checksums() if benchmark.checksums else {}
    if downloads is None:
        raise KinesicsError(f"{name} is not downloaded, but placed by hand")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sums, new = read_sums(folder / SUMS), 0
    try:
        for url, place in downloads(folder):
            file = Path(urlsplit(url).path).name
            archive = file.endswith((".zip", ".tar.gz"))
            entry = f"{place}/{file}" if archive and place else file if archive else place
            if entry in sums and (archive or (folder / place).is_file()):
                continue
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as temporary:
                path = Path(temporary) / file
                _attempt(name, url, path, get)
                digest = sha256(path)
                if published.get(entry, digest) != digest:
                    raise KinesicsError(
                        f"{url}: its SHA-256 is {digest}, but {published[entry]} is published: try again"
                    )
                if sums.setdefault(entry, digest) != digest:
                    recorded = f"{sums[entry]} when it was first fetched ({folder / SUMS})"
                    raise KinesicsError(f"{url}: its SHA-256 is {digest}, but was {recorded}")
                if archive:
                    _unpack(path, folder / place)
                else:
                    with replacing(folder / place) as whole:
                        shutil.move(path, whole)
            new += 1
            if archive or new % EVERY == 0:
                _write_sums(folder / SUMS, sums)
    finally:
        _write_sums(folder / SUMS, sums)
    return folder / SUMS


def read_sums(path: Path) -> dict[str, str]:
    """Return {file: SHA-256} of a file of checksums, none if it is not there. Raises KinesicsError naming a bad line."""
    if not path.exists():
        return {}
    sums = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        digest, _, file = line.partition("  ")
        if len(digest) != 64 or not file:
            raise KinesicsError(f"{path}: line {number}: not '<SHA-256>  <file>'")
        sums[file] = digest
    return sums


def _write_sums(path: Path, sums: dict[str, str]) -> None:
    write_text(path, "".join(f"{sums[file]}  {file}\n" for file in sorted(sums)))


def _attempt(name: str, url: str, path: Path, get: Callable[[str, Path], str]) -> None:
    for _ in range(ATTEMPTS):
        error = get(url, path)
        if not error and path.is_file():
            return
    raise KinesicsError(
        f"benchmark {name!r} cannot be reached: tried {ATTEMPTS} times {url}; the last answer was: {error or 'nothing'}. "
        f"Without a network, unpack it by hand: {benchmark_row(name)['unpack']}"
    )


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive and the tar archives in it; a member that would lie outside the folder is refused."""
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
