"""The vocabulary of the coding manual: one row per label of ``vocabulary.csv``."""

from collections.abc import Iterable
from difflib import get_close_matches

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


def suggestion(label: str, known: Iterable[str]) -> str:
    """Return ``: did you mean 'happy'?`` for a label that is unknown but like a known one in other letters, else nothing."""

    def plain(name: str) -> str:
        return name.casefold().replace(" ", "_").replace("-", "_")

    names = {plain(name): name for name in known}
    close = get_close_matches(plain(label), names, 1, 0.8)
    return f": did you mean {names[close[0]]!r}?" if close else ""
