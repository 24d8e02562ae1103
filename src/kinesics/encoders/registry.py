"""Look up encoders by name in ``registry.csv``."""

from difflib import get_close_matches
from typing import TYPE_CHECKING

from kinesics.errors import KinesicsError
from kinesics.io.extras import import_optional
from kinesics.io.package_data import rows_by_name

if TYPE_CHECKING:  # the Snakefile and --help read the table only
    from kinesics.encoders.base import Encoder

#: name: module, weights (sources of downloads.csv, separated by a space, or a repository of the Hugging Face hub), input,
#: frames, size, dim, parameters (millions), licence, gated (whether the licence has to be accepted), citation, description
ENCODERS = rows_by_name("kinesics.encoders", "registry.csv")


def find_encoder(name: str) -> "Encoder":
    """Return an encoder. Raises KinesicsError naming those that have a similar name."""
    check_encoder(name)
    return import_optional(f"kinesics.encoders.{ENCODERS[name]['module']}").ENCODER


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


def is_visual(name: str) -> bool:
    """Say whether an encoder takes crops of people, and so needs their tracks. Raises KinesicsError if it is unknown."""
    check_encoder(name)
    return ENCODERS[name]["input"] in ("image", "clip")


def is_downloadable(name: str) -> bool:
    """Say whether the weights of an encoder are sources that kinesics downloads, and not placed by the user."""
    return "/" not in ENCODERS[name]["weights"]


def needed_bytes(name: str, number_bytes: int) -> int:
    """Return about how much memory an encoder takes: its parameters, and a quarter more for activations."""
    return int(float(ENCODERS[name]["parameters"]) * 1e6 * number_bytes * 1.25)


def required_downloads(name: str) -> list[str]:
    """Return the sources of ``downloads.csv`` that an encoder with downloadable weights needs: its own first."""
    return ENCODERS[name]["weights"].split()
