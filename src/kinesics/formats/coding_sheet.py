"""The coders' tables (``truth/coder_*.csv``, after ``truth/MANUAL.md``) as events tables."""

from pathlib import Path

import pandas as pd

from kinesics.events import BOX, check_events
from kinesics.files import read_table


def read_coding(path: str | Path) -> pd.DataFrame:
    """Return one coder's events; the score is the coder's confidence (1 sure, 0.5 plausible).

    Raises KinesicsError naming the file and the line.
    """
    table = pd.DataFrame(read_table(path, "coding"))
    table = table.rename(columns={"clip": "video", "confidence": "score"})
    table[["person", "start_s", "end_s", "score", *BOX]] = table[["person", "start_s", "end_s", "score", *BOX]].apply(
        pd.to_numeric
    )
    return check_events(table.drop(columns="note"), str(path))
