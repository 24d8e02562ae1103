"""Convert events between the formats of annotation tools."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.base import Media, Options, ignore
from kinesics.formats.registry import find_writer, read_events, write_events
from kinesics.formats.rules import read_rules
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video
from kinesics.structures.events import Events, keep_events, merge_events

PathLike = str | Path
#: Receives a line about what was guessed or left out.
Notify = Callable[[str], None]


def convert(  # noqa: PLR0913 - keyword-only settings
    sources: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    from_format: str | None = None,
    to_format: str | None = None,
    tubes: PathLike | None = None,
    tubes_out: PathLike | None = None,
    rules: PathLike | None = None,
    media: Media | PathLike | None = None,
    video: str | None = None,
    annotator: str | None = None,
    observation: str | None = None,
    modifiers: bool = False,
    notify: Notify | None = None,
) -> list[Path]:
    """Convert events between formats (``formats.registry.FORMATS``); return the files that were written.

    The events of several files are put together. ``out`` is a file, or an existing folder for a file a video. ``media`` is the
    video, or what is known of it: for formats that link it or count in frames or pixels. ``video`` chooses one of several
    videos, or names the only one. ``rules`` is a CSV that names persons, labels and families (``formats.rules``); ``tubes``
    are those of the one events table that is read; ``annotator`` and ``observation`` are the only
    ones to read. ``notify`` receives what was guessed or left out.

    Raises KinesicsError naming the file, the place in it and the value, or what a format needs to be given.
    """
    paths = [Path(sources)] if isinstance(sources, str | Path) else [Path(path) for path in sources]
    if tubes and len(paths) > 1:
        raise KinesicsError(f"{tubes}: tubes go with one events table: give that alone")
    options = Options(
        media=media if isinstance(media, Media) else media_of(media) if media else Media(),
        rules=read_rules(rules) if rules else (),
        annotator=annotator,
        observation=observation,
        modifiers=modifiers,
        notify=notify or ignore,
    )
    read = [read_events(path, tubes, format=from_format, options=options) for path in paths]
    events = merge_events(read)
    if video is not None:
        events = _of_video(events, video, paths[0])
    out = Path(out)
    if not out.is_dir():
        write_events(events, out, tubes_out, format=to_format, options=options)
        return [out]
    if to_format is None:
        raise KinesicsError(f"{out}: a folder: name the format of the files in it with --to")
    if tubes_out:
        raise KinesicsError(f"{tubes_out}: tubes go with one file: name it, not the folder {out}")
    suffix = (find_writer(out, to_format).suffixes or (".csv",))[0]
    written: list[Path] = []
    for name in dict.fromkeys(events.table["video"].tolist()):
        written.append(out / f"{name.replace('/', '_')}{suffix}")
        write_events(_of_video(events, name, paths[0]), written[-1], format=to_format, options=options)
    return written


def media_of(video: PathLike, options: ReadOptions = AS_IT_COMES) -> Media:
    """Return what formats need to be known of a video. Raises KinesicsError if it cannot be read."""
    info = probe_video(video, options)
    return Media(Path(video), info.rate_hz, info.duration_s, info.width, info.height)


def _of_video(events: Events, video: str, path: Path) -> Events:
    """Return the events of one of several videos, or those of the only one with the name ``video``."""
    names = list(dict.fromkeys(events.table["video"]))
    if video in names:
        return Events(*keep_events(events.table, events.tubes, (events.table["video"] == video).to_numpy()))
    if len(names) > 1:
        raise KinesicsError(f"{path}: has no video {video!r}; its videos are {', '.join(names[:20])}")
    return Events(events.table.assign(video=video), events.tubes)
