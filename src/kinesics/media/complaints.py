"""Collect what FFmpeg complains of while it reads a file: it conceals most damage, and says so in its log alone."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import av
import av.logging

Result = TypeVar("Result")

#: What FFmpeg's log calls an error and is none.
HARMLESS = ("Referenced QT chapter track not found",)

# Whole files of the tests cause no errors in the log, whatever their container and codec. Errors that nobody collects are
# dropped.
av.logging.set_level(av.logging.ERROR)
av.logging.set_skip_repeated(False)
logging.getLogger("libav").addHandler(logging.NullHandler())


class Complaints:
    """The complaints about one stream of a file: how many, the first, and the time that was reached by then."""

    def __init__(self) -> None:
        self.count, self.first, self.begin_s, self.reached_s = 0, "", 0.0, 0.0

    def during(self, step: Callable[[], Result]) -> Result:
        """Return the result of a step of reading, and collect what FFmpeg complains of in it."""
        with av.logging.Capture() as messages:
            try:
                return step()
            finally:
                for level, name, text in messages:
                    if level <= av.logging.ERROR and not any(words in text for words in HARMLESS):
                        self.add(f"{name}: {' '.join(text.split())}")

    def add(self, text: str) -> None:
        """Count a complaint."""
        if not self.count:
            self.first, self.begin_s = text, self.reached_s
        self.count += 1

    def forget(self) -> None:
        """Forget the complaints so far."""
        self.count = 0

    def report(self, path: str | Path, what: str, reported: set[str]) -> None:
        """Print a line to stderr about them, if there are any, and ``what`` (images, sound) is not among those reported."""
        if self.count and what not in reported:
            reported.add(what)
            more = f" (and {self.count - 1} more)" if self.count > 1 else ""
            print(
                f"kinesics: {path}: damaged: {what} after {self.begin_s:.2f} s may be wrong: {self.first}{more}",
                file=sys.stderr,
            )
