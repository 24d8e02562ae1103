"""The vocabulary of the coding manual: one row a label, read from ``labels.csv``."""

from importlib import resources

import pandas as pd

with resources.files("kinesics").joinpath("labels.csv").open() as file:
    #: Indexed by label: family, the box an event is drawn with, a colour for figures, the manual's definition.
    LABELS = pd.read_csv(file, index_col="label")

FAMILY: dict[str, str] = LABELS["family"].to_dict()
