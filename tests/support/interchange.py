"""Events, files and options that tests of formats share."""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.formats.base import Media, Options
from kinesics.formats.registry import read_events, write_events
from kinesics.structures.events import BOX, Events

#: What formats that count in frames and pixels need.
MEDIA = Media(path=Path("talk.mp4"), rate_hz=25.0, duration_s=4000.0, width=640, height=360)


def table(*rows: tuple, video: str = "talk", **columns: object) -> Events:
    """Return events of rows of person, label, start, end, and family where given."""
    frame = pd.DataFrame(
        [(video, *row[:4], row[4] if len(row) > 4 else np.nan) for row in rows],
        columns=["video", "person", "label", "start_s", "end_s", "family"],
    )
    return Events(frame.assign(**columns))


def options(notes: list[str] | None = None, **fields: object) -> Options:
    """Return options whose notes are kept in a list, or dropped."""
    return Options(notify=(notes if notes is not None else []).append, **fields)


def read(path: Path, notes: list[str] | None = None, format: str | None = None, **fields: object) -> pd.DataFrame:
    """Return the table of events in a file."""
    return read_events(path, format=format, options=options(notes, **fields)).table


def rows(path: Path, notes: list[str] | None = None, format: str | None = None, **fields: object) -> list[tuple]:
    """Return person, label, family and times in milliseconds of the events in a file."""
    events = read(path, notes, format, **fields)
    times = [(events[name] * 1000).round().astype(int) for name in ("start_s", "end_s")]
    return list(zip(events["person"], events["label"], events["family"], *times, strict=True))


def round_trip(events: Events, path: Path, format: str, media: Media = MEDIA) -> Events:
    """Return events as they are after being written and read again."""
    write_events(events, path, format=format, options=options(media=media))
    return read_events(path, format=format, options=options(media=Media()))


def boxes(events: Events) -> np.ndarray:
    """Return the boxes of events, (events, 4)."""
    return events.table[BOX].to_numpy()
