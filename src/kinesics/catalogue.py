"""The encoders and detectors there are, from ``encoders.csv`` and ``detectors.csv``: light enough for the Snakefile.

An encoder or detector is one file in ``encoders/`` or ``detectors/`` and one line in its table.
"""

import csv
from importlib import import_module, resources
from types import ModuleType

from kinesics import KinesicsError


def _read(name: str) -> dict[str, dict[str, str]]:
    with resources.files("kinesics").joinpath(name).open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


#: name: weights (sources, or a repository), citation, description
ENCODERS = _read("encoders.csv")
#: name: module, features (encoders, separated by a space, or nothing), weights (a source or nothing), learns (no, or what it
#: learns from in the article: the other clips, or the stage; for the stage's videos always the stage), citation, description
DETECTORS = _read("detectors.csv")


def encoder(name: str) -> ModuleType:
    """Return an encoder's module. Raises KinesicsError naming the choices."""
    return _module("encoder", name, ENCODERS)


def detector(name: str) -> ModuleType:
    """Return a detector's module. Raises KinesicsError naming the choices."""
    return _module("detector", name, DETECTORS)


def learns(detector: str) -> bool:
    """Say whether a detector runs with what it has learned."""
    return DETECTORS[detector]["learns"] != "no"


def encoders_of(detector: str) -> list[str]:
    """Return the names of the encoders whose features a detector reads."""
    return DETECTORS[detector]["features"].split()


def _module(kind: str, name: str, table: dict) -> ModuleType:
    if name not in table:
        raise KinesicsError(
            f"{name!r} is not {'an' if kind[0] in 'aeiou' else 'a'} {kind}. The {kind}s are {', '.join(table)}."
        )
    return import_module(f"kinesics.{kind}s.{table[name].get('module', name)}")
