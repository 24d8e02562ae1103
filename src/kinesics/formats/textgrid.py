"""Praat TextGrid files, in the long and the short text form.

Praat takes only the numbers, texts and flags that stand free in such a file, whatever words are between them, and so does this
reader.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, note_lanes, printable, rounded, rows, tiers, to_events
from kinesics.formats.base import FAMILY, Options, ReadWrite
from kinesics.formats.source import as_number, read_bytes, read_text
from kinesics.io.files import write_text
from kinesics.structures.events import Events

_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"'  # a text
    r"|(?<!\S)(<\w+>|[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)(?!\S)"  # a flag or a number
    r"|(?<!\S)!.*"  # a comment
)
_STEP_S = 1e-6


class _Tokens:
    """The texts, numbers and flags of a file, one after the other."""

    def __init__(self, text: str, path: Path):
        self._tokens, self._text, self._path, self.where = _TOKEN.finditer(text), text, path, "the header"

    def __iter__(self) -> Iterator[tuple[bool, str, int]]:
        """Yield whether a token is a text, the token, and where it starts."""
        for match in self._tokens:
            if match[1] is not None:
                yield True, match[1].replace('""', '"'), match.start()
            elif match[2] is not None:
                yield False, match[2], match.start()

    def _next(self, text: bool, what: str) -> str:
        found = next(iter(self), None)
        if found is None:
            raise KinesicsError(f"{self._path}: cut off in {self.where}")
        if found[0] != text:
            line = self._text.count("\n", 0, found[2]) + 1
            raise KinesicsError(f"{self._path}: line {line}: {found[1][:60]!r} in place of {what} in {self.where}")
        return found[1]

    def text(self) -> str:
        """Return the next token, a text."""
        return self._next(True, "a text")

    def flag(self) -> str:
        """Return the next token, a number or a flag."""
        return self._next(False, "a number")

    def number(self) -> float:
        """Return the next token, a number."""
        token = self.flag()
        value = as_number(token)
        if value is None:
            raise KinesicsError(f"{self._path}: {token!r} in place of a number in {self.where}")
        return value


def read(path: Path, options: Options) -> Events:
    """Read a TextGrid: tiers are families or persons, intervals and points with a text are events.

    Raises KinesicsError naming the file and the interval for what is cut off or no TextGrid.
    """
    if read_bytes(path).startswith(b"ooBinaryFile"):
        raise KinesicsError(f"{path}: a binary TextGrid: save it from Praat as a text file")
    tokens = _Tokens(read_text(path, options.notify), path)
    if not tokens.text().startswith("ooTextFile") or tokens.text() != "TextGrid":
        raise KinesicsError(f"{path}: not a TextGrid of Praat")
    tokens.number()
    tokens.number()
    if tokens.flag() != "<exists>":
        return to_events([], path, options)
    annotations: list[Annotation] = []
    for _ in range(int(tokens.number())):
        annotations += _read_tier(tokens, path)
    return to_events(annotations, path, options)


def _read_tier(tokens: _Tokens, path: Path) -> Iterator[Annotation]:
    tokens.where = "the name of a tier"
    kind, name = tokens.text(), tokens.text()
    if kind not in ("IntervalTier", "TextTier"):
        raise KinesicsError(f"{path}: tier {name!r} is of the unknown class {kind!r}")
    tokens.where = f"tier {name!r}"
    tokens.number()
    tokens.number()
    for k in range(1, int(tokens.number()) + 1):
        tokens.where = f"tier {name!r}, {'interval' if kind == 'IntervalTier' else 'point'} {k}"
        start = tokens.number()
        end = tokens.number() if kind == "IntervalTier" else start
        text = tokens.text()
        if text.strip():  # without a text it is the time between two annotations
            yield Annotation(start, end, text, tokens.where, tier=name)


def write(events: Events, path: Path, options: Options) -> None:
    """Write a TextGrid of one video in the long form: a tier a person and family; point events are a tier of points.

    Times are rounded to microseconds.
    """
    items = [rounded(row, _STEP_S) for row in rows(events)]
    lanes = tiers(items)
    note_lanes(lanes, path, options)
    duration = max([options.media.duration_s or 0.0, *(row.end_s for row in items)], default=0.0) or 1.0
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_decimal(duration)}"]
    if not lanes:
        write_text(path, "\n".join([*head, "tiers? <absent>", ""]))
        return
    lines = [*head, "tiers? <exists>", f"size = {len(lanes)}", "item []:"]
    for k, (name, members) in enumerate(lanes.items(), 1):
        points = all(row.is_point for row in members)
        lines += [
            f"    item [{k}]:",
            f'        class = "{"TextTier" if points else "IntervalTier"}"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {_decimal(duration)}",
            *(_points(members) if points else _intervals(members, duration)),
        ]
    write_text(path, "\n".join([*lines, ""]))


def _points(members: list[Row]) -> Iterator[str]:
    yield f"        points: size = {len(members)}"
    for k, row in enumerate(members, 1):
        yield f"        points [{k}]:"
        yield f"            number = {_decimal(row.start_s)}"
        yield f"            mark = {_quoted(row.label)}"


def _intervals(members: list[Row], duration: float) -> Iterator[str]:
    spans: list[tuple[float, float, str]] = []
    reached = 0.0
    for row in members:
        if row.start_s - reached > _STEP_S / 2:  # else it would be written without a length, which Praat refuses
            spans.append((reached, row.start_s, ""))
        spans.append((row.start_s, row.end_s, row.label))
        reached = row.end_s
    if duration - reached > _STEP_S / 2:
        spans.append((reached, duration, ""))
    yield f"        intervals: size = {len(spans)}"
    for k, (start, end, label) in enumerate(spans, 1):
        yield f"        intervals [{k}]:"
        yield f"            xmin = {_decimal(start)}"
        yield f"            xmax = {_decimal(end)}"
        yield f"            text = {_quoted(label)}"


def _decimal(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + printable(text).replace('"', '""') + '"'


FORMAT = ReadWrite("Praat TextGrid", (".textgrid",), read, write, frozenset({FAMILY}), one_video=True)
