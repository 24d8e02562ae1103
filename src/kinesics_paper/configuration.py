"""Check the configuration of the workflow: types, then the rules of its schema, then what its parts demand of each other."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kinesics.detectors.registry import DETECTORS
from kinesics.errors import KinesicsError
from kinesics.io.validation import check, read_yaml

#: Below the project's folder, in which the workflow runs.
SCHEMA = Path("workflow/schemas/config.yaml")

#: A type of the schema in words, and the classes of its values. Of an integer the class is checked, so that 2.0, which JSON
#: takes for one, does not become a part of file names.
_TYPES = {
    "object": ("a mapping", Mapping),
    "array": ("a list", list),
    "integer": ("a whole number", int),
    "number": ("a number", int | float),
    "string": ("a text", str),
}


def check_config(config: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the configuration with numbers that arrive as text as numbers.

    Snakemake reads what stands inside of ``--config key={...}`` as text, numbers too. Raises KinesicsError naming
    ``where``, the key, the value and what is wanted.
    """
    rules = read_yaml(SCHEMA)
    typed = _typed(config, rules, rules, [], where)
    check(typed, rules, where)
    synthetic = typed["synthetic"]
    seeds = synthetic["detectors"][synthetic["proposal"]]
    for key, values, choices in [
        ("detectors", typed["detectors"], DETECTORS),
        ("synthetic.detectors", synthetic["detectors"], DETECTORS),
        ("figures.detectors", typed["figures"]["detectors"], typed["detectors"]),
        ("synthetic.study_seeds", synthetic["study_seeds"], seeds),
    ]:
        if unknown := [value for value in values if value not in choices]:
            raise KinesicsError(f"{where}: {key}: {unknown[0]!r} is none of {', '.join(map(str, choices))}")
    videos = synthetic["train"]["videos"]
    if too_many := [amount for amount in synthetic["learning_curve"] if amount >= videos]:
        raise KinesicsError(
            f"{where}: synthetic.learning_curve: {too_many[0]} is not below {videos}, the number of training videos "
            "(synthetic.train.videos); wanted: smaller numbers, or [] if there is one video"
        )
    return typed


def _typed(value: Any, rules: Mapping[str, Any], root: Mapping[str, Any], path: Sequence[str], where: str) -> Any:
    """Return a part of the configuration in the types of its part of the schema; keys that it lacks are not touched."""
    if "$ref" in rules:
        rules = root["$defs"][rules["$ref"].rpartition("/")[2]]
    value = _as_number(value, rules.get("type"))
    if rules.get("type") in _TYPES:
        wanted, classes = _TYPES[rules["type"]]
        if not isinstance(value, classes) or isinstance(value, bool):
            described = f"; wanted: {rules['description']}" if "description" in rules else ""
            raise KinesicsError(
                f"{where}: {'.'.join(path)}: {json.dumps(value, default=str)} is not {wanted}{described}"
            )
    if isinstance(value, Mapping):
        known, others = rules.get("properties", {}), rules.get("additionalProperties")
        parts = {key: known.get(key, others if isinstance(others, Mapping) else {}) for key in value}
        return {key: _typed(part, parts[key], root, [*path, str(key)], where) for key, part in value.items()}
    if isinstance(value, list):
        items = rules.get("items", {})
        return [_typed(item, items, root, [*path, str(i)], where) for i, item in enumerate(value)]
    return value


def _as_number(value: Any, wanted: str | None) -> Any:
    """Return text that is a number as one, if a number is wanted, and else the value."""
    if wanted not in ("integer", "number") or not isinstance(value, str):
        return value
    if re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    if wanted == "integer":
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value
