"""The contract of formats."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from kinesics.structures.events import Events


@runtime_checkable
class Format(Protocol):
    """A file format that events can be read from."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of file names that stand for the format, with their dot; none if it has to be named."""
        ...

    def read(self, path: Path) -> Events:
        """Read and check events. Raises KinesicsError naming the file, the place in it and the value."""
        ...


@runtime_checkable
class WritableFormat(Format, Protocol):
    """A file format that events can also be written to."""

    def write(self, events: Events, path: Path) -> None:
        """Write the events without their tubes, atomically."""
        ...


@dataclass(frozen=True)
class ReadOnly:
    """A ``Format`` made of a function."""

    suffixes: tuple[str, ...]
    reader: Callable[[Path], Events]

    def read(self, path: Path) -> Events:
        """Read and check events with the ``reader``."""
        return self.reader(path)


@dataclass(frozen=True)
class ReadWrite(ReadOnly):
    """A ``WritableFormat`` made of two functions."""

    writer: Callable[[Events, Path], None]

    def write(self, events: Events, path: Path) -> None:
        """Write the events without their tubes with the ``writer``."""
        self.writer(events, path)
