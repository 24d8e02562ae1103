"""The detector that comes with the package: its checkpoint, and what is known of each of its labels."""

import csv
from dataclasses import dataclass
from pathlib import Path

from kinesics.detectors.registry import DETECTORS, is_trained
from kinesics.io.package_data import package_file

_PACKAGE = "kinesics.detectors"


@dataclass(frozen=True)
class LabelAccuracy:
    """How well a label is detected on people left out of training, at a temporal IoU of 0.5, the mean over passes.

    ``people`` have ``events`` of it in annotation pass A or B (mean over both). ``threshold`` is the lowest score that is
    reported. ``on``: detected by default, since the label is detected better than by chance.
    """

    label: str
    threshold: float
    precision: float
    recall: float
    f1: float
    chance_f1: float
    people: int
    events: float
    on: bool


def packaged_model(detector: str) -> Path | None:
    """Return the checkpoint of a detector that comes with the package, or None."""
    name = DETECTORS[detector]["model"]
    return package_file(_PACKAGE, name) if name else None


def needs_model(detector: str) -> bool:
    """Return whether a detector can only run with a checkpoint that the user gives."""
    return is_trained(detector) and not DETECTORS[detector]["model"]


def label_accuracies(detector: str) -> dict[str, LabelAccuracy]:
    """Return what is known of each label of a detector with a packaged checkpoint, or nothing of another one."""
    model = packaged_model(detector)
    return read_label_accuracies(model.with_suffix(".labels.csv")) if model else {}


def read_label_accuracies(path: Path) -> dict[str, LabelAccuracy]:
    """Read a table of ``LabelAccuracy``, by label."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = ("threshold", "precision", "recall", "f1", "chance_f1", "events")
    return {
        row["label"]: LabelAccuracy(
            label=row["label"],
            **{name: float(row[name]) for name in numbers},
            people=int(row["people"]),
            on=row["on"] == "yes",
        )
        for row in rows
    }


def default_labels(detector: str) -> tuple[str, ...]:
    """Return the labels that a packaged checkpoint detects by default; nothing stands for all."""
    return tuple(label for label, entry in label_accuracies(detector).items() if entry.on)
