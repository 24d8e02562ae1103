"""The tables of ``literature/``: published numbers, systems, data sets, protocols and references, read and checked.

A number is looked up by what it measures and never typed again. A number whose source is secondary (``verified`` is
``no``) is refused unless the caller asks for it, and then carries the mark ``UNVERIFIED`` on the page.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from kinesics.detectors.registry import DETECTORS
from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics.io.validation import read_table, schema

TABLES = ("published_results", "systems", "datasets", "metrics_protocols", "unverified_references", "aliases")

#: Allowed values of each unit.
RANGES = {"%": (0.0, 100.0), "0-1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "frames": (0.0, 1000.0)}

#: The columns that identify a measurement: two rows that agree here must agree in their value.
IDENTITY = ["system", "paper_key", "task", "dataset", "split", "metric", "setting"]

#: The fields without which an entry of that type is incomplete; ``who`` stands for author or editor.
NEEDED = {
    "article": ["who", "title", "journal", "year"],
    "inproceedings": ["who", "title", "booktitle", "year"],
    "proceedings": ["who", "title", "year"],
    "misc": ["who", "title", "year", "url"],
}

#: Set after a number of a secondary source.
UNVERIFIED = r"$^{\dagger}$"


def read_bibliography(path: str | Path) -> dict[str, dict[str, str]]:
    """Read a BibTeX file with values in braces: key to fields, and the entry's type under ``type``.

    Raises KinesicsError naming the file, the line and the entry for a repeated key, an unknown type, a field written
    twice or not in braces, an unbalanced brace, a missing field, a list of authors cut short by ``and others``, or an
    internal note.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    entries: dict[str, dict[str, str]] = {}
    for match in re.finditer(r"^@(\w+)\{([^,\s]+),", text, re.MULTILINE):
        kind, key = match[1].lower(), match[2]
        where = f"{path}: line {text.count(chr(10), 0, match.start()) + 1}: entry {key!r}"
        if key in entries:
            raise KinesicsError(f"{where}: the key is used twice")
        if kind not in NEEDED:
            raise KinesicsError(f"{where}: type {kind!r} is not one of {', '.join(NEEDED)}")
        fields = _fields(_braces(text, match.start() + len(match[1]) + 1, where)[len(key) + 1 :], where)
        fields["who"] = fields.get("author") or fields.get("editor") or ""
        if missing := [name for name in NEEDED[kind] if not fields.get(name)]:
            raise KinesicsError(f"{where}: {missing[0].replace('who', 'author or editor')} is missing")
        if re.search(r"\bothers\b|\bet al\b", fields["who"]):
            raise KinesicsError(f"{where}: the authors are not all listed")
        if re.match(r"\s*\[", fields.get("note", "")):
            raise KinesicsError(f"{where}: the note {fields['note']!r} is an internal one")
        entries[key] = {"type": kind} | fields
    return entries


def _braces(text: str, start: int, where: str) -> str:
    """Return the text between the brace at ``start`` and the one that closes it."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 1 : position]
    raise KinesicsError(f"{where}: a brace is not closed")


def _fields(body: str, where: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    position = 0
    while match := re.compile(r"[\s,]*(\w+)\s*=\s*(?=\{)").match(body, position):
        name, value = match[1].lower(), _braces(body, match.end(), where)
        if name in fields:
            raise KinesicsError(f"{where}: field {name!r} is written twice")
        fields[name] = value
        position = match.end() + len(value) + 2
    if rest := body[position:].strip(" ,\n\t"):
        raise KinesicsError(f"{where}: {rest[:40]!r} is not a field in braces")
    return fields


def read_literature(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Read every table of ``TABLES`` and check them against each other and against ``references.bib``.

    Values stay text except ``value`` of the published results, which becomes a float.
    Raises KinesicsError naming the file, the line and the value if a key has no reference, a value is outside the range
    of its unit, an alias names nothing, or two rows give one measurement two values.
    """
    folder = Path(folder)
    keys = set(read_bibliography(folder / "references.bib"))
    tables = {name: pd.DataFrame(read_table(folder / f"{name}.csv", schema(name, "kinesics_paper"))) for name in TABLES}
    for name, table in tables.items():
        if (twice := table.duplicated()).any():
            line = int(twice.to_numpy().argmax()) + 2
            raise KinesicsError(f"{folder / name}.csv: line {line} repeats a line above: delete one of them")
    for name, column in (
        ("published_results", "paper_key"),
        ("systems", "paper_key"),
        ("unverified_references", "key"),
    ):
        for i, key in enumerate(tables[name][column]):
            if key not in keys:
                raise KinesicsError(f"{folder / name}.csv: line {i + 2}: {column} {key!r} is not in references.bib")
    results = tables["published_results"]
    for i, row in enumerate(tables["aliases"].itertuples()):
        if row.published not in set(results[row.kind]):
            raise KinesicsError(
                f"{folder / 'aliases'}.csv: line {i + 2}: no published result has the {row.kind} {row.published!r}"
            )
    results["value"] = results["value"].astype(float)
    path = folder / "published_results.csv"
    for i, (value, unit) in enumerate(zip(results["value"], results["unit"], strict=True)):
        low, high = RANGES[unit]
        if not low <= value <= high:
            raise KinesicsError(
                f"{path}: line {i + 2}: value {value} is outside {low:g} to {high:g}, the range of {unit!r}"
            )
    if (twice := results.duplicated(IDENTITY)).any():
        i = int(twice.to_numpy().argmax())
        row = results.iloc[i]
        raise KinesicsError(
            f"{path}: line {i + 2}: {row['system']!r} on {row['dataset']!r}, {row['metric']!r}, stands there twice; "
            "say in setting what differs, or delete one row"
        )
    return tables


def select(results: pd.DataFrame, *, unverified: bool = False, **where: str) -> pd.DataFrame:
    """Return the rows of the published results whose columns have the given values.

    Raises KinesicsError if there is none, or if one is not verified and ``unverified`` is False.
    """
    rows = results
    for column, value in where.items():
        rows = rows[rows[column] == value]
    if rows.empty:
        raise KinesicsError(f"published_results.csv: no row with {_as_text(where)}")
    if not unverified and (rows["verified"] == "no").any():
        raise KinesicsError(
            f"published_results.csv: a row with {_as_text(where)} is not verified: print it with a mark"
        )
    return rows


def published_value(results: pd.DataFrame, *, unverified: bool = False, **where: str) -> float:
    """Return the one published value that fits ``where``, in its unit.

    Raises KinesicsError if none or several fit, or if it is not verified and ``unverified`` is False.
    """
    rows = select(results, unverified=unverified, **where)
    if len(rows) > 1:
        raise KinesicsError(f"published_results.csv: {len(rows)} rows with {_as_text(where)}; one is wanted")
    return float(rows["value"].item())


def runs(system: Mapping[str, str]) -> str:
    """Return how a row of systems.csv runs here: its ``tier``, where ``full`` has been checked against the code.

    A system of tier ``full`` runs with weights that the user places if there is an encoder of its paper. The others are
    ``baseline`` if a detector after its paper is trained here, or else ``no code``.
    """
    if system["tier"] != "full" or any(one["citation"] == system["paper_key"] for one in ENCODERS.values()):
        return system["tier"]
    return "baseline" if any(one["citation"] == system["paper_key"] for one in DETECTORS.values()) else "no code"


def verification_mark(verified: str) -> str:
    """Return the mark that a value with this entry in ``verified`` carries on the page."""
    return UNVERIFIED if verified == "no" else ""


def _as_text(where: dict[str, str]) -> str:
    return ", ".join(f"{column} {value!r}" for column, value in where.items())
