"""The coding sheets of the project (``annotations/coder_*.csv``, after ``annotations/MANUAL.md``)."""

from pathlib import Path

import pandas as pd

from kinesics.formats.base import ReadOnly
from kinesics.io.validation import read_table, schema
from kinesics.structures.events import BOX, Events, check_events


def read_coding(path: str | Path) -> pd.DataFrame:
    """Return a coding sheet as an events table.

    Its column ``clip`` is the video; ``confidence`` is the score, 1 for certain and 0.5 for plausible events.

    Raises KinesicsError naming the file, the line and the value.
    """
    table = pd.DataFrame(read_table(path, schema("coding")))
    table = table.rename(columns={"clip": "video", "confidence": "score"})
    numbers = ["person", "start_s", "end_s", "score", *BOX]
    table[numbers] = table[numbers].apply(pd.to_numeric)
    return check_events(table.drop(columns="note"), str(path))


FORMAT = ReadOnly("coding sheet", (), lambda path, options: Events(read_coding(path)))
