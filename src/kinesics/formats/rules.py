"""Rules that name what other tools wrote: a CSV with some of the columns tier, value, subject, person, label, family."""

import csv
from io import StringIO
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.base import Rule, warn
from kinesics.formats.source import read_text
from kinesics.structures.events import MOST_PEOPLE


def read_rules(path: str | Path) -> tuple[Rule, ...]:
    """Read rules, one a row; the first that fits an annotation is applied, an empty cell fits or leaves anything.

    Raises KinesicsError naming the file, the line and the value.
    """
    path = Path(path)
    try:
        table = list(csv.reader(StringIO(read_text(path, warn)), strict=True))
    except csv.Error as error:
        raise KinesicsError(f"{path}: not a CSV: {error}") from None
    header = [name.strip() for name in table[0]] if table else []
    if unknown := [name for name in header if name not in Rule._fields]:
        raise KinesicsError(f"{path}: line 1: column {unknown[0]!r} is none of {', '.join(Rule._fields)}")
    if not set(header) & {"person", "label", "family"} or not set(header) & {"tier", "value", "subject"}:
        raise KinesicsError(f"{path}: line 1: needs a column of tier, value, subject and one of person, label, family")
    rules: list[Rule] = []
    for line, row in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise KinesicsError(f"{path}: line {line}: has {len(row)} fields, the header {len(header)}")
        cells: dict[str, str] = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
        person = cells.pop("person", None)
        if person is not None and not (person.isdecimal() and int(person) <= MOST_PEOPLE):
            raise KinesicsError(f"{path}: line {line}: person {person!r} is not a whole number from 0")
        texts: dict[str, str | None] = {
            name: cells.get(name) for name in ("tier", "value", "subject", "label", "family")
        }
        rules.append(Rule(person=None if person is None else int(person), **texts))
    return tuple(rules)
