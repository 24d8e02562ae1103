"""ActivityNet: annotations (``database``) and predictions (``results``) of temporal action detection as JSON."""

from pathlib import Path
from typing import Any

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, rows, to_events
from kinesics.formats.base import BOX, FAMILY, SCORE, Options, ReadWrite
from kinesics.formats.source import as_number, mapping, number, read_json, sequence, string
from kinesics.io.files import write_json
from kinesics.structures.events import Events


def read(path: Path, options: Options) -> Events:
    """Read segments; ``person``, ``family`` and ``box``, which other programs pass over, are those of the event.

    Raises KinesicsError naming the video and the segment for values of a wrong kind.
    """
    content = mapping(read_json(path, options.notify), f"{path}: the annotations")
    if "database" not in content and "results" not in content:
        raise KinesicsError(f"{path}: not a file of ActivityNet: it has no database and no results")
    annotations: list[Annotation] = []
    for key in ("database", "results"):
        for video, entry in mapping(content.get(key) or {}, f"{path}: {key}").items():
            segments = mapping(entry, f"{path}: {video}").get("annotations") if isinstance(entry, dict) else entry
            for k, item in enumerate(sequence(segments or [], f"{path}: {video}: annotations"), 1):
                annotations.append(_annotation(mapping(item, f"{path}: {video}, segment {k}"), video, k, path))
    return to_events(annotations, path, options)


def _annotation(item: Any, video: str, k: int, path: Path) -> Annotation:
    where = f"{video}, segment {k}"
    span = sequence(item.get("segment"), f"{path}: {where}: segment")
    if len(span) != 2:
        raise KinesicsError(f"{path}: {where}: segment has {len(span)} times, not a start and an end")
    sides = [number(side, f"{path}: {where}: box") for side in sequence(item.get("box") or [], f"{path}: {where}: box")]
    score, person = as_number(item.get("score")), item.get("person")
    start, end = (number(value, f"{path}: {where}: segment") for value in span)
    return Annotation(
        start,
        end,
        string(item.get("label")),
        where,
        subject=string(person) if isinstance(person, str) else "" if person is None else f"person {string(person)}",
        video=video,
        family=string(item.get("family")),
        score=1.0 if score is None else score,
        box=(sides[0], sides[1], sides[2], sides[3]) if len(sides) == 4 else None,
    )


def write(events: Events, path: Path, options: Options) -> None:
    """Write ``results`` if the events have scores, else a ``database``; times with all digits."""
    items = rows(events)
    predicted = any(row.score != 1 for row in items)
    videos: dict[str, list[dict[str, Any]]] = {}
    for row in items:
        segment: dict[str, Any] = {"segment": [row.start_s, row.end_s], "label": row.label, "person": row.person}
        segment |= {"family": row.family} if row.family else {}
        segment |= {"score": row.score} if predicted else {}
        segment |= {"box": list(row.box)} if row.box else {}
        videos.setdefault(row.video, []).append(segment)
    if predicted:
        write_json(path, {"version": "kinesics", "results": videos, "external_data": {}})
        return
    duration = options.media.duration_s
    database: dict[str, Any] = {}
    for video, segments in videos.items():
        length = duration or max(segment["segment"][1] for segment in segments)
        database[video] = {"duration": length, "subset": "validation", "annotations": segments}
    write_json(path, {"version": "kinesics", "taxonomy": [], "database": database})


FORMAT = ReadWrite("ActivityNet", (".json",), read, write, frozenset({FAMILY, SCORE, BOX}))
