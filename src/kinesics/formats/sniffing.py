"""Tell formats apart by the content of a file, where endings are shared or missing."""

import csv
import json
import re
import zipfile
from pathlib import Path
from typing import Any, cast

from kinesics.errors import KinesicsError
from kinesics.formats import coded_tables, datavyu
from kinesics.formats.source import as_number, decode_text, parse_xml, read_bytes, read_json

#: How much of a text is looked at, in bytes.
_HEAD = 1 << 16
_JSON_KEYS = {
    "boris": {"observations", "behaviors_conf"},
    "via": {"metadata", "attribute"},
    "activitynet": {"database"},
    "label_studio": {"data"},
}
_ROOTS = {"annotations": "cvat", "ANNOTATION_DOCUMENT": "elan"}
_OWN = {"video", "person", "label", "start_s", "end_s"}
_SHEET = ["clip", "person", "start_s", "end_s", "label"]


def sniff(path: Path) -> str | None:
    """Return the name of the format of a file's content, None if it is of none that is known.

    Raises KinesicsError for a file that cannot be read, or is neither text nor an archive.
    """
    content = read_bytes(path)
    if content.startswith(b"PK"):
        return _archive(path)
    if content.startswith((b"PAR1", b"ooBinaryFile")):
        return "parquet" if content.startswith(b"PAR1") else "textgrid"
    head = (
        decode_text(content[: _HEAD + _HEAD % 2], str(path), lambda _: None)
        if len(content) <= _HEAD
        else _start(content, path)
    )
    text = head.lstrip()
    if text.startswith("<"):
        return _ROOTS.get(parse_xml(content, str(path)).tag)
    if text[:1] in ("{", "["):
        return _json(read_json(path, lambda _: None))
    return _text(head)


def _start(content: bytes, path: Path) -> str:
    """Return the text of the whole lines at the start of a long file."""
    cut = content[:_HEAD]
    for size in range(4):  # not in the middle of a sign
        try:
            return decode_text(cut[: _HEAD - size], str(path), lambda _: None).rpartition("\n")[0]
        except KinesicsError:
            continue
    return decode_text(content, str(path), lambda _: None)[:_HEAD].rpartition("\n")[0]


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
        return "label_studio" if all(isinstance(task, dict) and "data" in task for task in tasks[:10]) else None
    if not isinstance(content, dict):
        return None
    keys = set(cast(dict[str, Any], content))
    if "results" in keys:
        return "activitynet"
    return next((name for name, wanted in _JSON_KEYS.items() if wanted <= keys), None)


def _text(head: str) -> str | None:
    first = head.partition("\n")[0]
    columns = [name.strip().strip('"') for name in first.split(",")]
    if set(columns) >= _OWN:
        return "csv"
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
    if re.search(r"^\s*\d+\s*\n\s*\d+:\d+:\d+[.,]\d+\s+-->", head):
        return "srt"
    if _is_ava(columns):
        return "ava"
    try:
        return "table" if coded_tables.is_coded(head) else None
    except (KinesicsError, csv.Error, json.JSONDecodeError):
        return None


def _is_ava(fields: list[str]) -> bool:
    """Return whether the fields of a line are video, second, box, action, and person or score."""
    return len(fields) in (7, 8) and all(as_number(field) is not None for field in [*fields[1:6], *fields[7:]])
