"""Read text, JSON and XML of any origin: encodings, byte order marks, line ends, hostile files; errors name the file."""

import json
import math
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

from kinesics.errors import KinesicsError
from kinesics.formats.base import Notify, warn
from kinesics.io.files import one_line

#: The largest file that is read, in bytes: a million events fit, and memory is bounded.
LARGEST = 256 * 2**20


def read_bytes(path: Path) -> bytes:
    """Return the content of a file. Raises KinesicsError if there is none, or it is larger than ``LARGEST``."""
    try:
        if path.stat().st_size > LARGEST:
            raise KinesicsError(f"{path}: larger than {LARGEST >> 20} MiB: split it")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)  # a pipe has no size
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise KinesicsError(f"{path}: a folder, not a file") from None
    if len(content) > LARGEST:
        raise KinesicsError(f"{path}: larger than {LARGEST >> 20} MiB: split it")
    return content


def read_text(path: Path, notify: Notify = warn) -> str:
    """Return the text of a file in UTF-8, UTF-16 or else Windows-1252, with Unix line ends and no byte order mark.

    Raises KinesicsError for a file that is not text.
    """
    return decode_text(read_bytes(path), str(path), notify)


def decode_text(content: bytes, where: str, notify: Notify = warn) -> str:
    """Return the text of bytes as ``read_text`` does; ``where`` names them in messages."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif content[1:2] == b"\0" and content[:1] != b"\0":
        encodings = ["utf-16-le"]
    elif content[:1] == b"\0" and content[1:2] not in (b"", b"\0"):
        encodings = ["utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if encoding == "cp1252":
            notify(f"{where}: not UTF-8: read as Windows-1252")
        return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    raise KinesicsError(f"{where}: not text in UTF-8 or UTF-16: is it of another format?")


def read_json(path: Path, notify: Notify = warn) -> Any:
    """Return the value in a JSON file. Raises KinesicsError for what is none, with the line."""
    text = read_text(path, notify)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise KinesicsError(f"{path}: JSON nested too deeply") from None
    except ValueError as error:
        raise KinesicsError(f"{path}: not JSON, or cut off: {one_line(error)}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


class _Builder(ET.TreeBuilder):
    """Builds a tree of XML without a document type: entities that multiply, or that read other files, need one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise KinesicsError("has a document type, which annotations never have")


def read_xml(path: Path) -> ET.Element:
    """Return the root of an XML file. Raises KinesicsError for what is none, with the line, or has a document type."""
    return parse_xml(read_bytes(path), str(path))


def parse_xml(content: bytes, where: str) -> ET.Element:
    """Return the root of XML as ``read_xml`` does; ``where`` names it in messages."""
    parser = ET.XMLParser(target=_Builder())
    try:
        parser.feed(content)
        return parser.close()
    except ET.ParseError as error:
        raise KinesicsError(f"{where}: not XML, or cut off: {one_line(error)}") from None
    except (LookupError, ValueError) as error:
        raise KinesicsError(f"{where}: not XML: {one_line(error)}") from None
    except KinesicsError as error:
        raise KinesicsError(f"{where}: {error}") from None


def read_member(path: Path, member: str) -> bytes:
    """Return one file of a ZIP archive, in bounded memory. Raises KinesicsError if there is none, or it is too large."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except KeyError:
        raise KinesicsError(f"{path}: has no file {member!r} inside") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise KinesicsError(f"{path}: not a ZIP archive, or damaged: {one_line(error)}") from None
    except Exception as error:  # zlib.error and lzma.LZMAError have no common base
        raise KinesicsError(f"{path}: damaged: {one_line(error)}") from None
    if len(content) > LARGEST:
        raise KinesicsError(f"{path}: {member!r} inside is larger than {LARGEST >> 20} MiB")
    return content


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return a JSON object. Raises KinesicsError naming ``where`` for another value."""
    if not isinstance(value, dict):
        raise KinesicsError(f"{where} is {_kind(value)}, not an object")
    return cast(Mapping[str, Any], value)


def sequence(value: Any, where: str) -> Sequence[Any]:
    """Return a JSON array. Raises KinesicsError naming ``where`` for another value."""
    if not isinstance(value, list):
        raise KinesicsError(f"{where} is {_kind(value)}, not a list")
    return cast(Sequence[Any], value)


def mapping_or_empty(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, an empty one for another value: of what may be left out."""
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def sequence_or_empty(value: Any) -> Sequence[Any]:
    """Return a JSON array, an empty one for another value: of what may be left out."""
    return cast(Sequence[Any], value) if isinstance(value, list) else []


def string(value: Any) -> str:
    """Return a JSON scalar as text, null as an empty one."""
    return "" if value is None or isinstance(value, dict | list) else str(value)


def number(value: Any, where: str) -> float:
    """Return a number, also written as text and with a comma. Raises KinesicsError naming ``where`` for another value."""
    parsed = as_number(value)
    if parsed is None:
        raise KinesicsError(f"{where} is {_shown(value)}, not a number")
    return parsed


def as_number(value: Any) -> float | None:
    """Return a finite number, also written as text and with a decimal comma, or else None."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        parsed = float(str(value).strip().replace(",", "."))
    except (ValueError, OverflowError):
        return None
    return parsed if math.isfinite(parsed) else None


#: [hours:]minutes:seconds, the last with decimals after a point, a comma, or, as Datavyu writes them, a third colon.
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d+))?")


def as_time(value: Any) -> float | None:
    """Return a time in seconds, written as a number or as ``[hours:]minutes:seconds``, or else None."""
    if (parsed := as_number(value)) is not None:
        return parsed
    match = _CLOCK.fullmatch(str(value).strip())
    if match is None:
        return None
    hours, minutes, whole, fraction = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{whole}.{fraction or 0}")


def time(value: Any, where: str) -> float:
    """Return a time in seconds as ``as_time`` does. Raises KinesicsError naming ``where`` for another value."""
    parsed = as_time(value)
    if parsed is None:
        raise KinesicsError(f"{where} is {_shown(value)}, not a time")
    return parsed


def file_stem(location: str) -> str:
    """Return the name without its ending of a file on any system, of a path or URL."""
    name = re.split(r"[/\\]", location.strip().rstrip("/\\"))[-1]
    name = name.split("?")[0] if "://" in location else name
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and re.fullmatch(r"\w{1,5}", ending) else name


def _kind(value: Any) -> str:
    kinds = {"dict": "an object", "list": "a list", "str": "a text", "bool": "a truth value", "NoneType": "null"}
    return kinds.get(type(value).__name__, "a number")


def _shown(value: Any) -> str:
    return repr(value)[:60]
