"""Read and write events in any known format, chosen by name or by a file's ending."""

from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats import coding_sheet, events_table
from kinesics.formats.base import Format, WritableFormat
from kinesics.structures.events import Events, read_events_and_tubes, write_tubes

FORMATS: dict[str, Format] = {
    "csv": events_table.CSV,
    "parquet": events_table.PARQUET,
    "coding_sheet": coding_sheet.FORMAT,
}


def find_format(path: str | Path, name: str | None = None) -> Format:
    """Return the format of that name, or else of the file's ending. Raises KinesicsError naming the known ones."""
    if name is not None:
        if name not in FORMATS:
            raise KinesicsError(f"{name!r} is not a format. The formats are {', '.join(FORMATS)}.")
        return FORMATS[name]
    suffix = Path(path).suffix.lower()
    for candidate in FORMATS.values():
        if suffix in candidate.suffixes:
            return candidate
    known = ", ".join(ending for candidate in FORMATS.values() for ending in candidate.suffixes)
    raise KinesicsError(f"{path}: the ending {suffix!r} is of no known format: name the format, or end it with {known}")


def read_events(path: str | Path, tubes: str | Path | None = None, *, format: str | None = None) -> Events:
    """Read events of any known format, and their tubes (Parquet) if given.

    ``format`` is a key of ``FORMATS``, by default that of the file's ending. Tubes refer to the rows of the file, counted from
    0, so they are read with an events table in CSV only. Raises KinesicsError naming the file, the place in it and the value.
    """
    reader = find_format(path, format)
    if tubes is None:
        return reader.read(Path(path))
    if reader is not FORMATS["csv"]:
        raise KinesicsError(f"{path}: tubes go with an events table in CSV: leave out {tubes}")
    return Events(*read_events_and_tubes(path, tubes))


def write_events(
    events: Events, path: str | Path, tubes: str | Path | None = None, *, format: str | None = None
) -> None:
    """Write events in any known format, atomically, and their tubes (Parquet) if a path is given.

    Raises KinesicsError if the format can only be read, a file cannot be written, or there are no tubes to write.
    """
    writer = find_format(path, format)
    if not isinstance(writer, WritableFormat):
        raise KinesicsError(f"{path}: this format can only be read: name another")
    if tubes is not None:
        if events.tubes is None:
            raise KinesicsError(f"{tubes}: these events have no tubes: leave it out")
        write_tubes(events.tubes, tubes, events.damaged_after_s)
    writer.write(events, Path(path))
