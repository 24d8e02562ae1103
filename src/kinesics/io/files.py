"""Reading tables against a schema, and writing files whole or not at all."""

import glob
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, EISDIR
from pathlib import Path

from kinesics.errors import KinesicsError

#: Part of the names of temporary files: a process is looked up on its own machine only.
HOST = platform.node().partition(".")[0] or "localhost"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; move it to ``path`` on success, delete it on any error.

    A reader, or a build that was killed, sees either the whole new file or none. What a killed process left behind is
    deleted by the next one that writes the same file. Raises KinesicsError if the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "is a folder, not a file")
        if is_stream(path):  # which would be replaced by a file
            raise OSError(EINVAL, "is a device or a pipe: give the path of a file")
        for stale in path.parent.glob(f".{glob.escape(HOST)}-*.{glob.escape(path.name)}"):
            process = stale.name.removeprefix(f".{HOST}-").removesuffix(f".{path.name}")
            if process.isdecimal() and not alive(int(process)):
                stale.unlink(missing_ok=True)
        temporary = path.with_name(f".{HOST}-{os.getpid()}.{path.name}")
        temporary.touch()
    except OSError as error:
        raise KinesicsError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Return whether a path is that of a device or a pipe, or a link to one, such as /dev/stdout."""
    places = [path.absolute(), *([path.readlink()] if path.is_symlink() else [])]
    return any(place.is_relative_to(root) for place in places for root in ("/dev", "/proc")) or (
        path.exists() and not (path.is_file() or path.is_dir())
    )


def alive(process: int) -> bool:
    """Return whether a process of that number runs on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: object) -> None:
    """Write JSON with sorted keys, atomically. NaN is refused: JSON has none."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def one_line(error: BaseException | str, limit: int = 200) -> str:
    """Return what another program's error says, in one line of at most ``limit`` signs."""
    return " ".join(str(error).split())[:limit]


def sha256(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
