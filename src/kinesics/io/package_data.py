"""The encoders and detectors there are, from ``encoders.csv`` and ``detectors.csv``: light enough for the Snakefile.

An encoder or detector is one file in ``encoders/`` or ``detectors/`` and one line in its table.
"""

import csv
from difflib import get_close_matches
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
    """Return an encoder's module. Raises KinesicsError naming those that have a similar name."""
    check_encoder(name)
    return import_module(f"kinesics.encoders.{ENCODERS[name]['module']}")


def check_encoder(name: str) -> None:
    """Raise KinesicsError, naming those that have a similar name, unless there is an encoder of that name."""
    if name not in ENCODERS:
        near = get_close_matches(name, ENCODERS)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise KinesicsError(f"{name!r} is not an encoder: {meant}'kinesics encoders' lists all")


def family(name: str) -> list[str]:
    """Return the encoder of that name, or else all whose names begin with it. Raises KinesicsError if there is none."""
    names = [name] if name in ENCODERS else [one for one in ENCODERS if name and one.startswith(name)]
    if not names:
        check_encoder(name)
    return names


def detector(name: str) -> ModuleType:
    """Return a detector's module. Raises KinesicsError naming the choices."""
    if name not in DETECTORS:
        raise KinesicsError(f"{name!r} is not a detector. The detectors are {', '.join(DETECTORS)}.")
    return import_module(f"kinesics.detectors.{DETECTORS[name]['module']}")


def learns(detector: str) -> bool:
    """Say whether a detector runs with what it has learned."""
    return DETECTORS[detector]["learns"] != "no"


def encoders_of(detector: str) -> list[str]:
    """Return the names of the encoders whose features a detector reads."""
    return DETECTORS[detector]["features"].split()
