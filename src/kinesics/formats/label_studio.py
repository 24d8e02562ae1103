"""Label Studio: the JSON of video tasks with timeline labels and video rectangles, as exported (JSON, JSON_MIN), and as
imported predictions.

Frames of Label Studio count from 1; boxes are percent of the frame.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinesics.formats.annotations import Annotation, Row, printable, rows, split_tier, tier_name, to_events, tubes_of
from kinesics.formats.base import BOX, FAMILY, SCORE, TUBES, Options, ReadWrite
from kinesics.formats.frames import fraction, frame_rate, frames_of, median_box, span_s
from kinesics.formats.source import (
    as_number,
    file_stem,
    mapping,
    mapping_or_empty,
    number,
    read_json,
    sequence,
    sequence_or_empty,
    string,
)
from kinesics.io.files import write_json
from kinesics.structures.events import Events

Tube = tuple[tuple[float, float, float, float, float], ...]


def read(path: Path, options: Options) -> Events:
    """Read tasks: the annotations of each, or where there are none its first predictions; persons are the texts of regions.

    Raises KinesicsError naming the task and region, and if frames are counted and no rate is known.
    """
    content = read_json(path, options.notify)
    tasks = sequence([content] if isinstance(content, dict) else content, f"{path}: the tasks")
    annotations: list[Annotation] = []
    skipped: set[str] = set()
    for k, task in enumerate(tasks, 1):
        where = f"task {k}"
        fields = mapping(task, f"{path}: {where}")
        fields = fields if "data" in fields else _of_minimal(fields)
        data = mapping(fields["data"], f"{path}: {where}: data")
        video = _video(data)
        coded = sequence(fields.get("annotations") or [], f"{path}: {where}: annotations")
        done = [entry for entry in coded if not mapping(entry, f"{path}: {where}").get("was_cancelled")]
        several = len(done) > 1
        for number_, entry in enumerate(done or sequence(fields.get("predictions") or [], f"{path}: {where}")[:1], 1):
            entry = mapping(entry, f"{path}: {where}")
            regions = sequence(entry.get("result") or [], f"{path}: {where}: result")
            annotator = _annotator(entry.get("completed_by"), number_) if several else ""
            rate = as_number(data.get("fps")) or _rate(regions)
            for region in regions:
                region = mapping(region, f"{path}: {where}: a region")
                found = list(_region(region, where, path, options, rate))
                if not found and region.get("type") not in ("relation", "videorectangle"):
                    skipped.add(string(region.get("type")))
                for item in found:
                    annotations.append(replace(item, video=video, annotator=annotator))
    if skipped:
        options.notify(f"{path}: regions of the types {', '.join(sorted(skipped))} are left out")
    return to_events(annotations, path, options)


def is_minimal(task: Any) -> bool:
    """Return whether a value is a task of the export JSON_MIN: regions are lists beside the data."""
    return any(
        _is_region(region) for value in mapping_or_empty(task).values() for region in sequence_or_empty(value)[:1]
    )


def _is_region(value: Any) -> bool:
    return bool({"ranges", "sequence", "timelinelabels", "labels"} & mapping_or_empty(value).keys())


def _of_minimal(task: Any) -> dict[str, Any]:
    """Return a task of the export JSON_MIN in the form of JSON."""
    found: list[Any] = []
    for value in task.values():
        for region in filter(_is_region, sequence_or_empty(value)):
            kind = "timelinelabels" if "ranges" in region else "videorectangle" if "sequence" in region else "labels"
            found.append({"type": kind, "value": region})
    return {"data": task, "annotations": [{"completed_by": task.get("annotator"), "result": found}]}


def _annotator(completed_by: Any, number_: int) -> str:
    person = mapping_or_empty(completed_by)
    return string(person.get("email") or person.get("id")) or string(completed_by) or f"annotation {number_}"


def _video(data: Any) -> str:
    """Return the video of a task: the value of ``video``, or else the first text that is a path or URL."""
    values = [data.get("video"), data.get("video_url"), *data.values()]
    return next((file_stem(string(value)) for value in values if isinstance(value, str) and "." in value), "")


def _rate(regions: Any) -> float | None:
    """Return the frame rate that a rectangle of the task tells."""
    for region in regions:
        value = mapping_or_empty(mapping_or_empty(region).get("value"))
        count, duration = as_number(value.get("framesCount")), as_number(value.get("duration"))
        if count and duration:
            return count / duration
    return None


def _region(region: Any, where: str, path: Path, options: Options, rate: float | None) -> Iterator[Annotation]:
    """Yield the events of a region: one per label and range, or per stretch in which a rectangle is enabled."""
    where = f"{where}, region {string(region.get('id'))!r}"
    value = mapping(region.get("value") or {}, f"{path}: {where}: value")
    kind = string(region.get("type"))
    own = value.get(kind) if kind in value else value.get("labels")
    labels = [string(label) for label in sequence(own or [], f"{path}: {where}: labels")]
    score = as_number(region.get("score"))
    texts = mapping_or_empty(region.get("meta")).get("text")
    note = string(next(iter(sequence_or_empty(texts)), texts))
    subject, family = split_tier(printable(note)) if note.startswith("person ") else ("", "")
    spans: list[tuple[float, float, Tube]] = []
    if kind == "videorectangle":
        spans = list(_rectangles(value, f"{path}: {where}", frame_rate(path, options, rate)))
    elif "ranges" in value:
        hz = frame_rate(path, options, rate)
        for item in sequence(value["ranges"], f"{path}: {where}: ranges"):
            item = mapping(item, f"{path}: {where}: a range")
            first, last = (number(item.get(key), f"{path}: {where}: {key}") for key in ("start", "end"))
            spans.append((*span_s(first - 1, max(last, first), hz), ()))
    elif "start" in value and "end" in value:  # of the sound, in seconds
        first, last = (number(value[key], f"{path}: {where}: {key}") for key in ("start", "end"))
        spans.append((first, last, ()))
    for start, end, tube in spans:
        for label in labels:
            yield Annotation(
                start,
                end,
                label,
                where,
                subject=subject,
                family=family,
                score=1.0 if score is None else score,
                box=median_box(tube),
                tube=tube,
            )


def _rectangles(value: Any, where: str, rate: float) -> Iterator[tuple[float, float, Tube]]:
    """Yield start, end and boxes of each stretch between a rectangle that is enabled and one that is not."""
    keys: list[tuple[float, bool, tuple[float, float, float, float]]] = []
    for item in sequence(value.get("sequence") or [], f"{where}: sequence"):
        box = mapping(item, f"{where}: sequence")
        x, y, width, height = (number(box.get(key), f"{where}: {key}") for key in ("x", "y", "width", "height"))
        frame = number(box.get("frame"), f"{where}: frame") - 1
        keys.append((frame, bool(box.get("enabled", True)), fraction((x, y, x + width, y + height), 100, 100)))
    keys.sort(key=lambda key: key[0])
    begun: list[tuple[float, tuple[float, float, float, float]]] = []
    for k, (frame, enabled, box) in enumerate(keys):
        begun.append((frame, box))
        if not enabled or k == len(keys) - 1:
            count = as_number(value.get("framesCount"))
            after = frame + 1 if not enabled or not count else max(count, frame + 1)  # enabled to the end of the video
            start, end = span_s(begun[0][0], after, rate)
            yield start, end, tuple((at / rate, *sides) for at, sides in begun)
            begun = []


def write(events: Events, path: Path, options: Options) -> None:
    """Write tasks with predictions, to import into a project with ``TimelineLabels`` and ``VideoRectangle``.

    An event with a box is a rectangle, another a range of the timeline; the text of a region is its person and family.
    """
    rate = frame_rate(path, options)
    items = rows(events)
    tubes = tubes_of(events)
    tasks: list[dict[str, Any]] = []
    for k, video in enumerate(dict.fromkeys(row.video for row in items), 1):
        file = options.media.path.name if options.media.path else f"{video}.mp4"
        chosen = [(place, row) for place, row in enumerate(items) if row.video == video]
        duration = options.media.duration_s or max(row.end_s for _, row in chosen)
        count = max(round(duration * rate), *(frames_of(row.start_s, row.end_s, rate)[1] for _, row in chosen))
        result = [_written(place, row, tubes.get(place, []), rate, count) for place, row in chosen]
        prediction = {"model_version": "kinesics", "result": result}
        tasks.append({"id": k, "data": {"video": file, "fps": rate}, "annotations": [], "predictions": [prediction]})
    write_json(path, tasks)


def _written(
    place: int, row: Row, tube: list[tuple[float, float, float, float, float]], rate: float, count: int
) -> dict[str, Any]:
    first, after = frames_of(row.start_s, row.end_s, rate)
    region: dict[str, Any] = {
        "id": f"event{place}",
        "to_name": "video",
        "origin": "prediction",
        "score": round(row.score, 6),
        "meta": {"text": [tier_name(row.person, row.family)]},
    }
    if row.box is None:
        value: dict[str, Any] = {"ranges": [{"start": first + 1, "end": after}], "timelinelabels": [row.label]}
        return region | {"type": "timelinelabels", "from_name": "timelineLabels", "value": value}
    boxes = {min(max(round(at * rate), first), after - 1): box for at, *box in tube}
    boxes = {first: boxes.get(first, boxes[min(boxes)] if boxes else list(row.box))} | boxes
    boxes[after - 1] = boxes.get(after - 1, boxes[max(boxes)])
    keys = [
        {
            "frame": frame + 1,
            "time": round(frame / rate, 6),
            "enabled": frame < after - 1,
            "rotation": 0,
            "x": round(100 * x0, 4),
            "y": round(100 * y0, 4),
            "width": round(100 * (x1 - x0), 4),
            "height": round(100 * (y1 - y0), 4),
        }
        for frame, (x0, y0, x1, y1) in sorted(boxes.items())
    ]
    value = {"framesCount": count, "duration": round(count / rate, 6), "sequence": keys, "labels": [row.label]}
    return region | {"type": "videorectangle", "from_name": "box", "value": value}


FORMAT = ReadWrite("Label Studio", (".json",), read, write, frozenset({FAMILY, SCORE, BOX, TUBES}))
