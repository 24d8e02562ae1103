"""The vocabulary of the coding manual: one row per label of ``vocabulary.csv``."""

from collections.abc import Iterable

import pandas as pd

from kinesics.io.package_data import package_file

with package_file("kinesics.structures", "vocabulary.csv").open(encoding="utf-8") as file:
    #: Indexed by label: family, the box of its events, a colour for figures, the manual's definition.
    LABELS: pd.DataFrame = pd.read_csv(file, index_col="label")

FAMILY: dict[str, str] = LABELS["family"].to_dict()


def in_order(labels: Iterable[str]) -> list[str]:
    """Return the different labels in the vocabulary's order, followed by those outside of it, sorted."""
    occurring, vocabulary = set(labels), list(FAMILY)
    return [label for label in vocabulary if label in occurring] + sorted(occurring - set(vocabulary))
