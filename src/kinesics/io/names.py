"""Names of files: which can be written into tables, and passed to the libraries that read them."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from kinesics.errors import KinesicsError


def check_text(text: str) -> None:
    """Raise KinesicsError for text that no encoding can hold: names that are not in the encoding of the file system."""
    try:
        text.encode()
    except UnicodeEncodeError:
        encoding = sys.getfilesystemencoding()
        advice = (
            "rename the file or folder" if encoding == "utf-8" else "set LANG=C.UTF-8, or rename the file or folder"
        )
        raise KinesicsError(f"{text!r} is not text in {encoding}: {advice}") from None


def video_names(paths: Iterable[str | Path], advice: str = "rename one", where: str = "") -> list[str]:
    """Return the name of each video.

    Raises KinesicsError as ``video_name`` does, and if two are the same: with ``where`` before the message, and the advice.
    """
    names = [video_name(path) for path in paths]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise KinesicsError(f"{where}two videos are called {twice[0]!r}: {advice}")
    return names


def video_name(path: str | Path) -> str:
    """Return the name of a video in tables: the file's without its suffix.

    Raises KinesicsError for a name that no events table can hold (``structures.events.check_events``).
    """
    if not Path(path).name:  # '', '.', '/'
        raise KinesicsError("an empty path or a folder was given as a video: give the path of a file")
    name = Path(path).stem
    check_text(name)
    if not name.strip():
        raise KinesicsError(f"{str(path)!r}: its name is empty: rename the file")
    if name != name.strip():
        raise KinesicsError(f"{str(path)!r}: its name without the suffix has blanks around it: rename the file")
    if name in (".", ".."):  # results of `annotate` would be written beside their folder
        raise KinesicsError(f"{str(path)!r}: its name without the suffix is that of a folder: rename the file")
    if re.search(r"[\x00-\x1f]", name):
        raise KinesicsError(f"{str(path)!r}: its name has a control character: rename the file")
    return name
