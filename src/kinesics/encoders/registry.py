"""Look up encoders by name in ``registry.csv``."""

from difflib import get_close_matches
from types import ModuleType

from kinesics.errors import KinesicsError
from kinesics.io.extras import import_optional
from kinesics.io.package_data import rows_by_name

#: name: weights (sources, or a repository), citation, description
ENCODERS = rows_by_name("kinesics.encoders", "registry.csv")


def find_encoder(name: str) -> ModuleType:
    """Return an encoder's module. Raises KinesicsError naming those that have a similar name."""
    check_encoder(name)
    return import_optional(f"kinesics.encoders.{ENCODERS[name]['module']}")


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
