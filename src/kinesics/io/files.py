"""Write files whole or not at all."""

import codecs
import glob
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, EINVAL, EISDIR, ENOSPC
from functools import partial
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.io.cleanup import cleaning_up

#: Part of the names of temporary files: a process id is valid on its own machine only.
HOST = platform.node().partition(".")[0] or "localhost"
#: The most digits of a process id, and the most signs of a suffix that a shortened temporary name keeps.
PROCESS_DIGITS, LONGEST_SUFFIX = 10, 16
_FULL = (ENOSPC, EDQUOT, EFBIG)
NO_SPACE = "no space left on the device: nothing was written; make room, or name another place"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; move it to ``path`` on success, delete it on any error.

    Readers find either the whole new file or none, also if the process is killed. The temporary file of a killed process is
    deleted by the next one that writes the same file. Raises KinesicsError if the folder cannot be written or the disk is
    full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "is a folder, not a file")
        if is_stream(path):  # which would be replaced by a file
            raise OSError(EINVAL, "is a device or a pipe: give the path of a file")
        ending = _temporary_ending(path)
        for stale in path.parent.glob(f".{glob.escape(HOST)}-*{glob.escape(ending)}"):
            process = stale.name.removeprefix(f".{HOST}-").removesuffix(ending)
            if process.isdecimal() and not alive(int(process)):
                stale.unlink(missing_ok=True)
    except OSError as error:
        raise KinesicsError(f"{path}: {_trouble(error)}") from None
    temporary = path.with_name(f".{HOST}-{os.getpid()}{ending}")
    with cleaning_up(partial(_delete, temporary)):
        try:
            temporary.touch()
            mode = temporary.stat().st_mode
        except OSError as error:
            raise KinesicsError(f"{path}: {_trouble(error)}") from None
        try:
            yield temporary
        except Exception as error:  # libraries that write files have errors of their own
            if not is_full(error):
                raise
            raise KinesicsError(f"{path}: {NO_SPACE}") from None
        if temporary.stat().st_mode != mode:  # safetensors writes files that nobody else may read
            temporary.chmod(mode)
        temporary.replace(path)


def is_full(error: Exception) -> bool:
    """Return whether an error, of Python or of a library, says that a disk is full."""
    if isinstance(error, KinesicsError):
        return False
    return getattr(error, "errno", None) in _FULL or any(os.strerror(number) in str(error) for number in _FULL)


def _trouble(error: OSError) -> str:
    return NO_SPACE if is_full(error) else f"cannot be written: {error.strerror}"


def _delete(path: Path) -> None:
    with suppress(OSError):  # it is not there, or it could not be made
        path.unlink()


def _temporary_ending(path: Path) -> str:
    """Return how the names of temporary files for a path end: with its name, shortened where that would be too long."""
    room = os.pathconf(path.parent, "PC_NAME_MAX") - len(os.fsencode(f".{HOST}-.")) - PROCESS_DIGITS
    if len(os.fsencode(path.name)) <= room:
        return f".{path.name}"
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}{path.suffix[:LONGEST_SUFFIX]}"


@contextmanager
def temporary_folder(parent: str | Path | None = None, prefix: str = "kinesics-") -> Iterator[Path]:
    """Give a new folder in ``parent`` (default: the system's), deleted at the end, or when the process is interrupted."""
    folder = Path(parent or tempfile.gettempdir()) / f"{prefix}{os.getpid()}-{os.urandom(8).hex()}"
    with cleaning_up(partial(shutil.rmtree, folder, ignore_errors=True)):
        folder.mkdir(mode=0o700)
        yield folder


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
    """Return the message of an error in one line of at most ``limit`` characters."""
    return " ".join(str(error).split())[:limit]


def pluralise(n: int, what: str) -> str:
    """Return a number with what is counted, as in ``1 event`` and ``2 events``."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def is_text(path: str | Path, size: int = 4096) -> bool:
    """Return whether a file begins with text in UTF-8."""
    with open(path, "rb") as file:
        head = file.read(size)
    try:
        return b"\0" not in head and bool(codecs.getincrementaldecoder("utf-8")().decode(head))
    except UnicodeDecodeError:
        return False


def sha256(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
