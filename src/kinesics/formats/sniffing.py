"""Tell formats apart by the content of a file, where endings are shared or missing."""

import csv
import json
import re
import zipfile
from pathlib import Path
from typing import Any, cast

from kinesics.errors import KinesicsError
from kinesics.formats import coded_tables, datavyu
from kinesics.formats.base import ignore
from kinesics.formats.label_studio import is_minimal
from kinesics.formats.source import as_number, decode_text, read_json, read_xml
from kinesics.structures.events import BOX

#: How much of a text is looked at, in bytes.
_HEAD = 1 << 16
_JSON_KEYS = {
    "boris": {"observations", "behaviors_conf"},
    "via": {"metadata", "attribute"},
    "activitynet": {"database"},
    "label_studio": {"data"},
}
_ROOTS = {"annotations": "cvat", "ANNOTATION_DOCUMENT": "elan"}
_OWN = {"video", "start_s", "end_s"}
_SHEET = ["clip", "person", "start_s", "end_s", "label"]


def sniff(path: Path) -> str | None:
    """Return the name of the format of a file's content, None if it is of none that is known.

    Raises KinesicsError for a file that cannot be read, or is neither text nor an archive.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_HEAD)
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise KinesicsError(f"{path}: a folder, not a file") from None
    if content.startswith(b"PK"):
        return _archive(path)
    if content.startswith((b"PAR1", b"ooBinaryFile")):
        return "parquet" if content.startswith(b"PAR1") else "textgrid"
    head = _decoded(content, path)
    text = head.lstrip()
    if text.startswith("<"):
        return _ROOTS.get(read_xml(path).tag)
    if text[:1] in ("{", "["):
        return _json(read_json(path, ignore))
    return _text(head)


def _decoded(content: bytes, path: Path) -> str:
    """Return the text of the start of a file, without the line in which it breaks off."""
    if len(content) < _HEAD:
        return decode_text(content, str(path), ignore)
    whole = content[: content.rfind(b"\n") & ~1] if b"\n" in content else content  # 2 bytes are a sign of UTF-16
    for end in range(len(whole), len(whole) - 4, -1):  # not in the middle of a sign
        try:
            return decode_text(whole[:end], str(path), ignore)
        except KinesicsError:
            continue
    return decode_text(whole, str(path), ignore)


def _archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise KinesicsError(f"{path}: not a ZIP archive, or damaged: {error}") from None
    members = {"annotations.xml": "cvat", "db": "datavyu", "xl/workbook.xml": "table", "content.xml": "table"}
    return next((name for member, name in members.items() if member in names), None)


def _json(content: Any) -> str | None:
    if isinstance(content, list):
        tasks = cast(list[Any], content)
        known = all(isinstance(task, dict) and ("data" in task or is_minimal(task)) for task in tasks[:10])
        return "label_studio" if known else None
    if not isinstance(content, dict):
        return None
    keys = set(cast(dict[str, Any], content))
    if "results" in keys:
        return "activitynet"
    return next((name for name, wanted in _JSON_KEYS.items() if wanted <= keys), None)


def _text(head: str) -> str | None:
    first = head.partition("\n")[0]
    columns = [name.strip().strip('"') for name in first.split(",")]
    if set(columns) >= _OWN:  # of which another may be missing or misspelt
        return "table" if _names_persons(head) else "csv"
    if columns[: len(_SHEET)] == _SHEET or {"clip", "confidence", *_SHEET} <= set(columns):
        return "coding_sheet"
    if first.startswith("WEBVTT"):
        return "webvtt"
    if '"ooTextFile' in head[:200]:
        return "textgrid"
    if re.search(r"^# ?(CSV_HEADER|Exported using VGG)", head, re.MULTILINE):
        return "via"
    if datavyu.is_export(first):
        return "datavyu"
    if re.match(r"\s*\d+\s*\n\s*\d+:\d+:\d+[.,]\d+\s+-->", head):
        return "srt"
    if _is_ava(columns):
        return "ava"
    try:
        return "table" if coded_tables.is_coded(head) else None
    except (KinesicsError, csv.Error, json.JSONDecodeError):
        return None


def _names_persons(head: str) -> bool:
    """Return whether a table without boxes, as the first lines of an events table, has names of persons for numbers."""
    rows = csv.DictReader(head.splitlines(), skipinitialspace=True)
    if "person" not in (rows.fieldnames or []) or set(BOX) & set(rows.fieldnames or []):
        return False
    try:
        persons = [row["person"] for row in rows if row["person"]]
    except csv.Error:
        return False
    return bool(persons) and all(as_number(person) is None for person in persons)


def _is_ava(fields: list[str]) -> bool:
    """Return whether the fields of a line are video, second, box, action, and person or score."""
    return len(fields) in (7, 8) and all(as_number(field) is not None for field in [*fields[1:6], *fields[7:]])
