"""The project's own events table, as CSV (``structures.events``) or with the same columns as Parquet."""

from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.formats.base import BOX, FAMILY, SCORE, ReadWrite
from kinesics.io.files import one_line
from kinesics.structures.events import Events, check_events, read_events_csv, write_events_csv, write_parquet


def read_parquet(path: Path) -> Events:
    """Read an events table. Raises KinesicsError, naming the file, the row and the value, if it is none."""
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise KinesicsError(f"{path}: not an events table (Parquet): {one_line(error)}") from None
    return Events(check_events(table, str(path)), damaged_after_s=table.attrs.get("damaged_after_s"))


_HELD = frozenset({FAMILY, SCORE, BOX})
CSV = ReadWrite(
    "events table",
    (".csv",),
    lambda path, options: Events(read_events_csv(path)),
    lambda events, path, options: write_events_csv(events.table, path),
    _HELD,
)
PARQUET = ReadWrite(
    "events table (Parquet)",
    (".parquet",),
    lambda path, options: read_parquet(path),
    lambda events, path, options: write_parquet(events.table, path, events.damaged_after_s),
    _HELD,
)
