"""Datavyu spreadsheets: projects (.opf, a ZIP archive) and exported CSV, whose columns stand side by side."""

import csv
import re
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, printable, rounded, rows, to_events
from kinesics.formats.base import FAMILY, SCORE, Options, ReadWrite
from kinesics.formats.source import as_number, as_time, decode_text, read_member, read_text
from kinesics.io.files import replacing
from kinesics.structures.events import Events

_COLUMN = re.compile(r"(.+?)\s*\((\w+)[^)]*\)\s*(?:-(.*))?")
_CELL = re.compile(r"(\d+:\d+:\d+:\d+),(\d+:\d+:\d+:\d+),(.*)", re.DOTALL)
#: The most signs in the line of a column.
_LONGEST = 10_000
_OWN = ["label", "family", "score"]


def read(path: Path, options: Options) -> Events:
    """Read cells: columns are families, a cell's first code is the label.

    Raises KinesicsError naming the line of the spreadsheet for what is no column and no cell.
    """
    if path.suffix.lower() == ".csv":
        return to_events(_exported(path, options), path, options)
    lines = decode_text(read_member(path, "db"), f"{path}: db", options.notify).split("\n")
    return to_events(_cells(lines, path), path, options)


def _cells(lines: list[str], path: Path) -> Iterator[Annotation]:
    column, kind = "", ""
    codes: list[str] = []
    position = 0
    while position < len(lines):
        line, where = lines[position], f"line {position + 1}"
        position += 1
        while _escaped(line) and position < len(lines):  # a line break in a code
            line = f"{line[:-1]}\\ {lines[position]}"
            position += 1
        if not line.strip() or line.startswith("#"):
            continue
        if match := _CELL.fullmatch(line):
            if not column:
                raise KinesicsError(f"{path}: {where} of its spreadsheet: a cell without a column")
            start, end = as_time(match[1]), as_time(match[2])
            values = _codes(match[3], kind)
            if start is None or end is None:
                raise KinesicsError(f"{path}: {where} of its spreadsheet: {line[:60]!r} has no times")
            # Datavyu has 0 as the end of a cell that was not ended
            yield _annotation(column, codes, values, (start, max(end, start) if end == 0 else end), where)
        elif len(line) < _LONGEST and (match := _COLUMN.fullmatch(line)):
            column, kind = match[1].replace("\\", ""), match[2].lower()
            codes = [part.split("|")[0].replace("\\", "") for part in (match[3] or "").split(",")]
        else:
            raise KinesicsError(f"{path}: {where} of its spreadsheet: {line[:60]!r} is no column and no cell")


def _escaped(line: str) -> bool:
    """Return whether a line ends with a backslash that is not itself escaped."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _codes(text: str, kind: str) -> list[str]:
    """Return the codes of a cell: after a backslash a sign stands for itself."""
    if kind != "matrix":
        return [re.sub(r"\\(.)", r"\1", text)]
    parts, current, position = list[str](), "", 0
    text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    while position < len(text):
        sign = text[position]
        if sign == "\\":
            position += 1
            current += text[position : position + 1]
        elif sign == ",":
            parts.append(current)
            current = ""
        else:
            current += sign
        position += 1
    return [*parts, current]


def _annotation(column: str, codes: list[str], values: list[str], times: tuple[float, float], where: str) -> Annotation:
    where = f"column {column!r}, {where}"
    values = ["" if value.strip() == f"<{code}>" else value.strip() for code, value in zip(codes, values, strict=False)]
    if codes == _OWN and len(values) == 3 and re.fullmatch(r"person\d+", column):
        person = f"person {int(column.removeprefix('person'))}"
        score = as_number(values[2])
        return Annotation(
            *times, values[0], where, subject=person, family=values[1], score=1.0 if score is None else score
        )
    filled = [value for value in values if value]
    return Annotation(*times, filled[0] if filled else "", where, tier=column, modifiers="|".join(filled[1:]))


def is_export(header: str) -> bool:
    """Return whether the first line of a text is that of an exported spreadsheet."""
    return bool(re.search(r"(^|[,;\t])\"?(\w+)\.onset\"?[,;\t]\"?\2\.offset\b", header))


def _exported(path: Path, options: Options) -> Iterator[Annotation]:
    """Yield the cells of an exported CSV: times are milliseconds, an empty cell ends a column."""
    text = read_text(path, options.notify)
    header = text.partition("\n")[0]
    if not is_export(header):
        raise KinesicsError(f"{path}: not a spreadsheet of Datavyu: columns as look.onset,look.offset are missing")
    separator = max(",;\t", key=header.count)
    try:
        table = list(csv.reader(StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise KinesicsError(f"{path}: not a CSV: {error}") from None
    columns: dict[str, dict[str, int]] = {}
    for place, name in enumerate(table[0]):
        column, _, code = name.strip().rpartition(".")
        columns.setdefault(column, {})[code] = place
    for column, places in columns.items():
        if not {"onset", "offset"} <= places.keys():
            continue
        codes = [code for code in places if code not in ("ordinal", "onset", "offset")]
        for number, row in enumerate(table[1:], 2):
            cells = {code: row[place].strip() if place < len(row) else "" for code, place in places.items()}
            if not cells["onset"]:
                continue
            start, end = (_milliseconds(cells[name]) for name in ("onset", "offset"))
            if start is None or end is None:
                raise KinesicsError(f"{path}: row {number}: {column} has no times: {cells['onset']}, {cells['offset']}")
            yield _annotation(column, codes, [cells[code] for code in codes], (start, end or start), f"row {number}")


def _milliseconds(text: str) -> float | None:
    value = as_time(text)
    return value if value is None or ":" in text else value / 1000


def write(events: Events, path: Path, options: Options) -> None:
    """Write a project of one video: a column a person, with label, family and score as codes. Times are milliseconds."""
    items = [rounded(row) for row in rows(events)]
    lines = ["#4"]
    for person in sorted({row.person for row in items}):
        codes = ",".join(f"{code}|NOMINAL" for code in _OWN)
        lines.append(f"person{person} (MATRIX,true,)-{codes}")
        for row in items:
            if row.person == person:
                cell = ",".join(_quoted(text) for text in (row.label, row.family, f"{row.score:.4f}"))
                end = row.start_s if row.is_point else row.end_s
                lines.append(f"{_clock(row.start_s)},{_clock(end)},({cell})")
    project = "!project\ndbFile: db\nname: kinesics\nversion: 5\nviewerSettings: []\n"
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("project", project), ("db", "\n".join([*lines, ""]))):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, text.encode())


def _quoted(text: str) -> str:
    return re.sub(r"([\\,()\-|<>])", r"\\\1", printable(text))


def _clock(time_s: float) -> str:
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{milliseconds:03d}"


FORMAT = ReadWrite("Datavyu", (".opf", ".csv"), read, write, frozenset({FAMILY, SCORE}), one_video=True)
