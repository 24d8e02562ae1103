"""Look up detectors by name in ``registry.csv``."""

from pathlib import Path
from typing import TYPE_CHECKING

from kinesics.errors import KinesicsError
from kinesics.io.extras import import_optional
from kinesics.io.package_data import rows_by_name

if TYPE_CHECKING:  # the Snakefile and --help read the table only
    from kinesics.detectors.base import Detector

#: By name: module, features (encoders, separated by a space, or nothing), weights (a source or nothing), learns (no, or its
#: training data in the article: the other clips, or synthetic data; on synthetic videos always synthetic data), model (the
#: checkpoint that comes with the package, or nothing), citation, description
DETECTORS = rows_by_name("kinesics.detectors", "registry.csv")


def find_detector(name: str) -> "Detector":
    """Return a detector. Raises KinesicsError naming the choices, or the extra to install."""
    if name not in DETECTORS:
        raise KinesicsError(f"{name!r} is not a detector. The detectors are {', '.join(DETECTORS)}.")
    return import_optional(f"kinesics.detectors.{DETECTORS[name]['module']}").DETECTOR


def is_trained(detector: str) -> bool:
    """Return whether a detector has to be trained."""
    return DETECTORS[detector]["learns"] != "no"


def required_encoders(detector: str) -> list[str]:
    """Return the names of the encoders whose features a detector reads."""
    return DETECTORS[detector]["features"].split()


def detected_labels(name: str, model: str | Path | None = None) -> list[str]:
    """Return the labels that a detector can detect, with ``model`` those that it learned, in the vocabulary's order."""
    from kinesics.io.checkpoints import learned_labels
    from kinesics.structures.vocabulary import in_order

    detector = find_detector(name)
    return in_order(learned_labels(Path(model), detector.name) if model else detector.labels)
