"""Pair the starts and stops of states, which some tools keep as rows of their own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation


class Stamp(NamedTuple):
    """A moment of a coding: ``kind`` is start, stop, point, or toggle, which is by turns a start and a stop."""

    annotation: Annotation
    kind: str
    observation: str = ""


def pair(stamps: Sequence[Stamp], path: Path) -> Iterator[Annotation]:
    """Yield an annotation per point, and per start with the next stop of the same subject, code and modifiers.

    Raises KinesicsError naming the row of a start without a stop, or of a stop without a start.
    """
    running: dict[tuple[str, ...], list[Annotation]] = {}
    for item, kind, observation in sorted(stamps, key=lambda stamp: stamp.annotation.start_s):
        key = (observation, item.video, item.subject, item.value, item.modifiers)
        begun = running.setdefault(key, [])
        if kind == "toggle":
            kind = "stop" if begun else "start"
        if kind == "point":
            yield item
        elif kind == "start":
            begun.append(item)
        elif begun:
            yield replace(begun.pop(0), end_s=item.start_s)
        else:
            raise KinesicsError(f"{path}: {item.where}: {_described(item)} stops at {item.start_s:g} s without a start")
    for begun in running.values():
        for item in begun:
            raise KinesicsError(
                f"{path}: {item.where}: {_described(item)} starts at {item.start_s:g} s without a stop: "
                "end it in the tool, or choose other observations with --observation"
            )


def check_observation(name: str, names: Iterable[str], path: Path) -> None:
    """Raise KinesicsError unless an observation is there."""
    if name not in names:
        raise KinesicsError(f"{path}: has no observation {name!r}; its observations are {', '.join(names)}")


def _described(item: Annotation) -> str:
    return (
        repr(item.value)
        + (f" of {item.subject!r}" if item.subject else "")
        + (f" with {item.modifiers!r}" if item.modifiers else "")
    )
