"""The vocabulary of the coding manual: one row a label, read from ``labels.csv``."""

from collections.abc import Iterable

import pandas as pd

from kinesics.io.package_data import package_file

with package_file("kinesics.structures", "vocabulary.csv").open(encoding="utf-8") as file:
    #: Indexed by label: family, the box an event is drawn with, a colour for figures, the manual's definition.
    LABELS = pd.read_csv(file, index_col="label")

FAMILY: dict[str, str] = LABELS["family"].to_dict()


def in_order(labels: Iterable[str]) -> list[str]:
    """Return different labels in the vocabulary's order, and those that it does not have, sorted, after them."""
    labels = set(labels)
    return [label for label in LABELS.index if label in labels] + sorted(labels - set(LABELS.index))
