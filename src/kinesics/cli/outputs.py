"""Refuse outputs that would overwrite an input or cannot be written, before any work begins; print notes."""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.io.files import is_stream


def check_outputs(written: Iterable[Path | None], read: Iterable[Path | None] = ()) -> None:
    """Raise KinesicsError if a file that is to be written is also read, is to be written twice, or cannot be written."""
    outputs = [path for path in written if path]
    inputs = [path for path in read if path]
    for number, path in enumerate(outputs):
        if path.resolve() in {other.resolve() for other in [*inputs, *outputs[:number]]}:
            raise KinesicsError(f"{path} would be overwritten: give another name for what is written")
        check_writable(path)


def print_note(line: str) -> None:
    """Print a line about what was guessed or left out."""
    print(line, file=sys.stderr)


def check_writable(path: Path, folder: bool = False) -> None:
    """Raise KinesicsError unless a file, or a folder, of that name could be written."""
    if folder and path.exists() and not path.is_dir():
        raise KinesicsError(f"{path} is a file: give the name of a folder")
    if is_stream(path):
        raise KinesicsError(f"{path} is a device or a pipe: give the path of a file")
    if path.is_dir() and not folder:
        raise KinesicsError(f"{path} is a folder: give the name of a file")
    whole = path.absolute()
    there = next(place for place in [*([whole] if folder else []), *whole.parents] if place.exists())
    if not there.is_dir():
        raise KinesicsError(f"{path} cannot be written: {there} is no folder")
    longest = os.pathconf(there, "PC_NAME_MAX")
    if any(len(os.fsencode(name)) > longest for name in whole.relative_to(there).parts):
        raise KinesicsError(f"{path} cannot be written: names have {longest} bytes at most")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError:
        raise KinesicsError(f"{path} cannot be written: {there} takes no files") from None
