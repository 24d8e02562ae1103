"""Reading tables against a schema, and writing files whole or not at all."""

import csv
import glob
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, EISDIR
from functools import reduce
from importlib import resources
from pathlib import Path

import yaml
from jsonschema_rs import Draft202012Validator

from kinesics import KinesicsError

#: Part of the names of temporary files: a process is looked up on its own machine only.
HOST = platform.node().partition(".")[0] or "localhost"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; move it to ``path`` on success, delete it on any error.

    A reader, or a build that was killed, sees either the whole new file or none. What a killed process left behind is
    deleted by the next one that writes the same file. Raises KinesicsError if the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "is a folder, not a file")
        if is_stream(path):  # which would be replaced by a file
            raise OSError(EINVAL, "is a device or a pipe: give the path of a file")
        for stale in path.parent.glob(f".{glob.escape(HOST)}-*.{glob.escape(path.name)}"):
            process = stale.name.removeprefix(f".{HOST}-").removesuffix(f".{path.name}")
            if process.isdecimal() and not alive(int(process)):
                stale.unlink(missing_ok=True)
        temporary = path.with_name(f".{HOST}-{os.getpid()}.{path.name}")
        temporary.touch()
    except OSError as error:
        raise KinesicsError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Return whether a path is that of a device or a pipe, or a link to one, such as /dev/stdout."""
    places = [path.absolute(), *([path.readlink()] if path.is_symlink() else [])]
    return any(place.is_relative_to(root) for place in places for root in ("/dev", "/proc")) or (
        path.exists() and not (path.is_file() or path.is_dir())
    )


def alive(process: int) -> bool:
    """Return whether a process of that number runs on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: object) -> None:
    """Write JSON with sorted keys, atomically. NaN is refused: JSON has none."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def one_line(error: BaseException | str, limit: int = 200) -> str:
    """Return what another program's error says, in one line of at most ``limit`` signs."""
    return " ".join(str(error).split())[:limit]


def sha256(path: str | Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def schema(name: str) -> dict:
    """Return the JSON schema ``src/kinesics/schemas/<name>.yaml``."""
    return yaml.safe_load(resources.files("kinesics").joinpath(f"schemas/{name}.yaml").read_text(encoding="utf-8"))


class _Yaml(yaml.SafeLoader):
    """YAML without mappings in which a key stands twice: PyYAML takes the last, and nobody sees that one is lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, (key, _) in enumerate(node.value):
            if keys[number] in keys[:number]:
                problem = f"line {key.start_mark.line + 1}: the key {keys[number]!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> object:
    """Read a YAML file. Raises KinesicsError naming the file, and the key if one stands twice."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), _Yaml)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KinesicsError(f"{path}: not YAML: {one_line(error)}") from None


def check(value: dict, schema_name: str, where: str) -> None:
    """Raise KinesicsError, naming ``where``, the key and the value, unless ``value`` fits the schema."""
    value = json.loads(json.dumps(value, default=str))  # YAML has dates and numbers as keys, which JSON lacks
    errors = Draft202012Validator(schema(schema_name)).iter_errors(value)
    errors = sorted(errors, key=lambda error: list(map(str, error.instance_path)))
    if errors:
        error = errors[0]
        key = ".".join(map(str, error.instance_path)) or "(top level)"
        raise KinesicsError(f"{where}: {key}: {error.message}")


def read_table(path: str | Path, schema_name: str) -> list[dict[str, str]]:
    """Read a CSV file; every row must fit the JSON schema of that name. Values stay text.

    A row is a line: line k + 2 of the file is row k. Raises KinesicsError naming the file, the line and the column.
    """
    path = Path(path)
    rules = schema(schema_name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = reader.fieldnames or []
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise KinesicsError(f"{path}: not a CSV file in UTF-8: {error}") from None
    if missing := [name for name in rules["required"] if name not in header]:
        raise KinesicsError(f"{path}: line 1: column {missing[0]!r} is missing; the header is {','.join(header)!r}")
    validator = Draft202012Validator(rules)
    for number, (line, row) in enumerate(rows, 2):
        if line != number:
            raise KinesicsError(f"{path}: line {number}: an empty line, or a line break inside a field")
        if None in row or None in row.values():
            raise KinesicsError(f"{path}: line {line}: the number of fields differs from the header's {len(header)}")
        for error in validator.iter_errors(row):
            column = ".".join(map(str, error.instance_path)) or "(row)"
            rule = reduce(lambda part, key: part[key], error.schema_path[:-1], rules)
            meant = rule.get("title") if error.schema_path[-1] == "pattern" else None  # what the pattern says in words
            said = f"{error.instance!r} is not {meant}" if meant else error.message
            raise KinesicsError(f"{path}: line {line}: column {column!r}: {said}")
    return [row for _, row in rows]
