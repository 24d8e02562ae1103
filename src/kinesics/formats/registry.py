"""Read and write events in any known format, chosen by name, by a file's ending, or by its content."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.formats import (
    activitynet,
    ava,
    boris,
    coded_tables,
    coding_sheet,
    cvat,
    datavyu,
    elan,
    events_table,
    label_studio,
    subtitles,
    textgrid,
    via,
)
from kinesics.formats.annotations import Annotation, rows, to_events, tubes_of
from kinesics.formats.base import BOX, DEFAULTS, FAMILY, SCORE, TUBES, Format, Options, WritableFormat
from kinesics.formats.sniffing import sniff
from kinesics.structures.events import BOX as SIDES
from kinesics.structures.events import Events, read_events_and_tubes, write_tubes
from kinesics.structures.vocabulary import FAMILY as FAMILIES

FORMATS: dict[str, Format] = {
    "csv": events_table.CSV,
    "parquet": events_table.PARQUET,
    "coding_sheet": coding_sheet.FORMAT,
    "elan": elan.FORMAT,
    "boris": boris.FORMAT,
    "table": coded_tables.FORMAT,
    "textgrid": textgrid.FORMAT,
    "webvtt": subtitles.VTT,
    "srt": subtitles.SRT,
    "label_studio": label_studio.FORMAT,
    "cvat": cvat.FORMAT,
    "via": via.FORMAT,
    "datavyu": datavyu.FORMAT,
    "activitynet": activitynet.FORMAT,
    "ava": ava.FORMAT,
}
#: Endings that files of other formats have too.
_SHARED = (".xml", ".txt", ".zip")
#: Whose files have all that an events table has: what other tools name needs no translation.
_OWN = ("csv", "parquet", "coding_sheet")


def _named(name: str) -> Format:
    if name not in FORMATS:
        raise KinesicsError(f"{name!r} is not a format. The formats are {', '.join(FORMATS)}.")
    return FORMATS[name]


def _listed(names: Iterable[str]) -> str:
    parts = [f"{name} ({', '.join(FORMATS[name].suffixes)})" if FORMATS[name].suffixes else name for name in names]
    return ", ".join(parts)


def find_reader(path: str | Path, name: str | None = None) -> Format:
    """Return the format of that name, or else of the file's ending, or of its content where several share the ending.

    Raises KinesicsError naming the known ones.
    """
    if name is not None:
        return _named(name)
    path = Path(path)
    suffix = path.suffix.lower()
    candidates = [key for key, candidate in FORMATS.items() if suffix in candidate.suffixes]
    if len(candidates) == 1 and suffix not in _SHARED:
        return FORMATS[candidates[0]]
    if path.exists() or candidates:
        found = sniff(path)
        if found is None and (len(candidates) == 1 or suffix == ".csv"):  # whose error names what is missing
            found = candidates[0]
        if found is not None:
            return FORMATS[found]
    raise KinesicsError(
        f"{path}: of no format that its ending {suffix!r} or its content tells: name one (--from): {_listed(FORMATS)}"
    )


def find_writer(path: str | Path, name: str | None = None) -> WritableFormat:
    """Return the format of that name, or else the one whose files end so.

    Raises KinesicsError naming the known ones, or if the format can only be read.
    """
    suffix = Path(path).suffix.lower()
    if name is None:
        candidates = [key for key, one in FORMATS.items() if one.suffixes[:1] == (suffix,)]
        if len(candidates) > 1:
            raise KinesicsError(
                f"{path}: the ending {suffix!r} is of several formats: name one (--to): {', '.join(candidates)}"
            )
        if not candidates:
            known = [one.suffixes[0] for one in FORMATS.values() if isinstance(one, WritableFormat) and one.suffixes]
            raise KinesicsError(
                f"{path}: the ending {suffix!r} is of no known format: name the format (--to), or end it with "
                f"{', '.join(dict.fromkeys(known))}"
            )
        name = candidates[0]
    writer = _named(name)
    if not isinstance(writer, WritableFormat):
        raise KinesicsError(f"{path}: the format {name} can only be read: name another")
    return writer


def read_events(
    path: str | Path, tubes: str | Path | None = None, *, format: str | None = None, options: Options = DEFAULTS
) -> Events:
    """Read events of any known format, and their tubes (Parquet) if given.

    ``format`` is a key of ``FORMATS``, by default that of the file's ending or content. Tubes refer to the rows of the file,
    counted from 0, so they are read with an events table in CSV only. What was guessed or left out is passed, in one line
    each, to ``options.notify`` (default: a warning). Raises KinesicsError naming the file, the place in it and the value.
    """
    reader = find_reader(path, format)
    if tubes is not None and reader is not FORMATS["csv"]:
        raise KinesicsError(f"{path}: tubes go with an events table in CSV: leave out {tubes}")
    if options.video is None and options.media.path is not None:
        options = replace(options, video=options.media.path.stem)
    events = Events(*read_events_and_tubes(path, tubes)) if tubes else reader.read(Path(path), options)
    if options.rules and reader in [FORMATS[name] for name in _OWN]:
        return _renamed(events, Path(path), options)
    return events


def _renamed(events: Events, path: Path, options: Options) -> Events:
    """Return events with the persons, labels and families that the rules give them."""
    tubes = tubes_of(events)
    items = [
        Annotation(
            row.start_s,
            row.end_s,
            row.label,
            f"row {k}",
            tier=row.family,
            subject=f"person {row.person}",
            video=row.video,
            family=row.family,
            score=row.score,
            box=row.box,
            tube=tuple(tubes.get(k, [])),
        )
        for k, row in enumerate(rows(events))
    ]
    return to_events(items, path, options)


def write_events(
    events: Events,
    path: str | Path,
    tubes: str | Path | None = None,
    *,
    format: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Write events in any known format, atomically, and their tubes (Parquet) if a path is given.

    What the format cannot hold is passed, in one line, to ``options.notify`` (default: a warning). Raises KinesicsError if
    the format can only be read or holds one video, a file cannot be written, or there are no tubes to write.
    """
    path = Path(path)
    writer = find_writer(path, format)
    videos = events.table["video"].unique().tolist()
    if writer.one_video and len(videos) > 1:
        raise KinesicsError(
            f"{path}: a file of {writer.title} holds one video, but the events are of {len(videos)}: choose one with --video, "
            "or give the name of a folder"
        )
    if tubes is not None and events.tubes is None:
        raise KinesicsError(f"{tubes}: these events have no tubes: leave it out")
    if lost := _lost(events, writer, tubes is not None):
        options.notify(f"{path}: {writer.title} does not hold {', '.join(lost)}: left out")
    writer.write(events, path, options)  # first: it may need what is not given
    if tubes is not None and events.tubes is not None:
        write_tubes(events.tubes, tubes, events.damaged_after_s)


def _lost(events: Events, writer: WritableFormat, tubes: bool) -> list[str]:
    """Return what of the events a format does not hold, with its count."""
    table = events.table
    counts = {
        FAMILY: int(((table["family"] != table["label"].map(FAMILIES).fillna("")) & (table["family"] != "")).sum()),
        SCORE: int((table["score"] != 1).sum()),
        BOX: int(np.isfinite(table[SIDES]).all(axis=1).sum()),
        TUBES: 0 if events.tubes is None or tubes else len(events.tubes),
    }
    names = {FAMILY: "families", SCORE: "scores", BOX: "boxes", TUBES: "boxes of tubes"}
    return [f"{count} {names[part]}" for part, count in counts.items() if count and part not in writer.holds]
