"""Validate CSV and YAML files against JSON schemas; errors name the file, the line and the column."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line
from kinesics.io.package_data import package_file


@cache
def schema(name: str, package: str = "kinesics.io") -> dict[str, Any]:
    """Return the JSON schema ``schemas/<name>.yaml`` of a package."""
    return yaml.safe_load(package_file(package, f"schemas/{name}.yaml").read_text(encoding="utf-8"))


class _Yaml(yaml.SafeLoader):
    """YAML without mappings in which a key stands twice: of these, PyYAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
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


def check(value: object, rules: dict[str, Any], where: str) -> None:
    """Raise KinesicsError, naming ``where``, the key and the value, unless ``value`` fits the JSON schema ``rules``."""
    value = json.loads(json.dumps(value, default=str))  # YAML has dates and numbers as keys, which JSON lacks
    errors = Draft202012Validator(rules).iter_errors(value)
    errors = sorted(errors, key=lambda error: list(map(str, error.instance_path)))
    if errors:
        error = errors[0]
        key = ".".join(map(str, error.instance_path)) or "(top level)"
        raise KinesicsError(f"{where}: {key}: {error.message}")


def read_table(path: str | Path, rules: dict[str, Any]) -> list[dict[str, str]]:
    """Read a CSV file; every row must fit the JSON schema ``rules``. Values stay text.

    A row is a line: line k + 2 of the file is row k. Raises KinesicsError naming the file, the line and the column.
    """
    path = Path(path)
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
            rule: Any = rules
            for key in error.schema_path[:-1]:
                rule = rule[key]
            title = rule.get("title") if error.schema_path[-1] == "pattern" else None  # the pattern in words
            message = f"{error.instance!r} is not {title}" if title else error.message
            raise KinesicsError(f"{path}: line {line}: column {column!r}: {message}")
    return [row for _, row in rows]
