"""The contract of formats, and the choices in reading and writing a file."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from kinesics.structures.events import Events

#: Receives a line about what was guessed or left out.
Notify = Callable[[str], None]

#: What a format may hold beyond video, person, label and times.
FAMILY, SCORE, BOX, TUBES = "family", "score", "box", "tubes"


def ignore(line: str) -> None:
    """Drop a line."""


def warn(line: str) -> None:
    """Issue a line as a warning of Python."""
    warnings.warn(line, stacklevel=2)


@dataclass(frozen=True)
class Media:
    """What is known of a video: formats that link it, or count in frames or pixels, need parts of it."""

    path: Path | None = None
    rate_hz: float | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None


class Rule(NamedTuple):
    """How to name annotations: those whose tier, value and subject are the given ones (any where None).

    ``person``, ``label`` and ``family`` replace what the file has, where they are not None; the label ``-`` leaves out.
    """

    tier: str | None = None
    value: str | None = None
    subject: str | None = None
    person: int | None = None
    label: str | None = None
    family: str | None = None


@dataclass(frozen=True)
class Options:
    """Choices for reading or writing a file.

    ``video`` is the name of the video where the file has none (default: the file's name without its ending); ``annotator``
    and ``observation`` (of BORIS) are the only ones to read; ``modifiers``
    puts modifiers and further codes into labels, as ``code|modifier``.
    """

    video: str | None = None
    media: Media = field(default_factory=Media)
    rules: tuple[Rule, ...] = ()
    annotator: str | None = None
    observation: str | None = None
    modifiers: bool = False
    notify: Notify = warn


DEFAULTS = Options()


@runtime_checkable
class Format(Protocol):
    """A file format that events can be read from."""

    @property
    def title(self) -> str:
        """Its name in prose."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of its files, with their dot: the first is also written without its name; none if it has to be named."""
        ...

    def read(self, path: Path, options: Options = DEFAULTS) -> Events:
        """Read and check events. Raises KinesicsError naming the file, the place in it and the value."""
        ...


@runtime_checkable
class WritableFormat(Format, Protocol):
    """A file format that events can also be written to."""

    @property
    def holds(self) -> frozenset[str]:
        """What it holds beyond video, person, label and times: some of FAMILY, SCORE, BOX and TUBES."""
        ...

    @property
    def one_video(self) -> bool:
        """Whether a file holds the events of one video only."""
        ...

    def write(self, events: Events, path: Path, options: Options = DEFAULTS) -> None:
        """Write the events, atomically."""
        ...


@dataclass(frozen=True)
class ReadOnly:
    """A ``Format`` made of a function."""

    title: str
    suffixes: tuple[str, ...]
    reader: Callable[[Path, Options], Events]

    def read(self, path: Path, options: Options = DEFAULTS) -> Events:
        """Read and check events with the ``reader``."""
        return self.reader(path, options)


@dataclass(frozen=True)
class ReadWrite(ReadOnly):
    """A ``WritableFormat`` made of two functions."""

    writer: Callable[[Events, Path, Options], None]
    holds: frozenset[str] = frozenset()
    one_video: bool = False

    def write(self, events: Events, path: Path, options: Options = DEFAULTS) -> None:
        """Write the events with the ``writer``."""
        self.writer(events, path, options)
