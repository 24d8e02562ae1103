"""The coders' tables (``truth/coder_*.csv``, after ``truth/MANUAL.md``) as events tables."""

from pathlib import Path

import pandas as pd

from kinesics.io.validation import read_table, schema
from kinesics.structures.events import BOX, check_events


def read_coding(path: str | Path) -> pd.DataFrame:
    """Return one coder's events; the score is the coder's confidence (1 sure, 0.5 plausible).

    Raises KinesicsError naming the file and the line.
    """
    table = pd.DataFrame(read_table(path, schema("coding")))
    table = table.rename(columns={"clip": "video", "confidence": "score"})
    table[["person", "start_s", "end_s", "score", *BOX]] = table[["person", "start_s", "end_s", "score", *BOX]].apply(
        pd.to_numeric
    )
    return check_events(table.drop(columns="note"), str(path))
