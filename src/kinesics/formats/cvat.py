"""CVAT for video 1.1 (.xml, or the .zip that CVAT exports): tracks of boxes, one event per stretch in which a box is shown."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, printable, rows, to_events, tubes_of
from kinesics.formats.base import BOX, FAMILY, SCORE, TUBES, Options, ReadWrite
from kinesics.formats.frames import fraction, frame_rate, frame_size, frames_of, median_box, span_s
from kinesics.formats.source import as_number, file_stem, number, parse_xml, read_bytes, read_member, read_xml
from kinesics.io.files import replacing
from kinesics.structures.events import Events
from kinesics.structures.vocabulary import in_order

_OWN = ("person", "family", "score", "whole_frame")
Tube = tuple[tuple[float, float, float, float, float], ...]


def read(path: Path, options: Options) -> Events:
    """Read tracks: labels are labels, the attribute ``person`` is the person (default: one), boxes are tubes.

    Raises KinesicsError naming the track for values that are no numbers, and where rate or size of the frame are unknown.
    """
    zipped = read_bytes(path).startswith(b"PK")
    root = parse_xml(read_member(path, "annotations.xml"), str(path)) if zipped else read_xml(path)
    if root.tag != "annotations":
        raise KinesicsError(f"{path}: its root is <{root.tag}>, not <annotations>: not a CVAT file")
    tracks = root.findall("track")
    if not tracks and root.find("image") is not None:
        raise KinesicsError(f"{path}: boxes of single images, which are no events: export as CVAT for video 1.1")
    own = as_number(root.findtext("meta/fps"))
    rate = frame_rate(path, options, own) if tracks else 1.0
    first, step = _grid(root, path)
    tasks = _tasks(root)
    annotations: list[Annotation] = []
    unused: set[str] = set()
    for track in tracks:
        where = f"track {track.get('id')!r}"
        video, size = tasks.get(track.get("task_id"), tasks[None])
        for frames, attributes in _stretches(track, f"{path}: {where}", path, options, size):
            tube = tuple(((first + frame * step) / rate, *box) for frame, box in frames[:-1])
            start, end = span_s(first + frames[0][0] * step, first + frames[-1][0] * step, rate)
            unused |= attributes.keys() - {*_OWN}
            score = as_number(attributes.get("score"))
            whole = attributes.get("whole_frame") == "true"
            annotations.append(
                Annotation(
                    start,
                    end,
                    track.get("label", ""),
                    where,
                    subject=attributes.get("person", ""),
                    video=video,
                    family=attributes.get("family", ""),
                    score=1.0 if score is None else score,
                    box=None if whole else median_box(tube),
                    tube=() if whole else tube,
                )
            )
    if unused:
        options.notify(f"{path}: attributes of tracks are left out: {', '.join(sorted(unused))}")
    return to_events(annotations, path, options)


def _grid(root: ET.Element, path: Path) -> tuple[float, float]:
    """Return the frame of the video that is frame 0 of the task, and the step between frames."""
    start = root.findtext(".//task/start_frame")
    step = (root.findtext(".//task/frame_filter") or "").strip().removeprefix("step=")
    return (
        number(start, f"{path}: start_frame") if start else 0.0,
        number(step, f"{path}: frame_filter") if step else 1.0,
    )


def _tasks(root: ET.Element) -> dict[str | None, tuple[str, tuple[float, float] | None]]:
    """Return the video and the size of the frame of each task by its id, those of the first by None."""
    found: dict[str | None, tuple[str, tuple[float, float] | None]] = {}
    tasks = root.findall("meta/task") + root.findall("meta/project/tasks/task")
    for task in tasks or [root]:
        source = task.findtext("source") or root.findtext("meta/source") or task.findtext("name") or ""
        sizes = [place.find("original_size") for place in (task, root.find("meta")) if place is not None]
        size = None
        for element in reversed([size for size in sizes if size is not None]):
            width, height = as_number(element.findtext("width")), as_number(element.findtext("height"))
            size = (width, height) if width and height else size
        found.setdefault(None, (file_stem(source), size))
        found[task.findtext("id")] = file_stem(source), size
    return found


Frames = list[tuple[float, tuple[float, float, float, float]]]


def _stretches(
    track: ET.Element, where: str, path: Path, options: Options, size: tuple[float, float] | None
) -> Iterator[tuple[Frames, dict[str, str]]]:
    """Yield the boxes by frame of each stretch, the last one being that after its end, and its attributes."""
    begun: Frames = []
    attributes: dict[str, str] = {}
    boxes = track.findall("box")
    if not boxes and len(track):
        options.notify(f"{where}: has no boxes but <{track[0].tag}>: left out")
    for element in sorted(boxes, key=lambda box: number(box.get("frame"), f"{where}: frame")):
        frame = number(element.get("frame"), f"{where}: frame")
        sides = [number(element.get(key), f"{where}: {key}") for key in ("xtl", "ytl", "xbr", "ybr")]
        box = fraction((sides[0], sides[1], sides[2], sides[3]), *frame_size(path, options, size))
        if element.get("outside") == "1":
            if begun:
                yield [*begun, (frame, box)], attributes
            begun, attributes = [], {}
            continue
        begun.append((frame, box))
        attributes |= {item.get("name", ""): (item.text or "").strip() for item in element.findall("attribute")}
    if begun:
        yield [*begun, (begun[-1][0] + 1, begun[-1][1])], attributes


def write(events: Events, path: Path, options: Options) -> None:
    """Write a task of one video: a track an event, with person, family and score as attributes.

    Times are rounded to frames, boxes to hundredths of a pixel. Events without a box have the whole frame.
    """
    rate = frame_rate(path, options)
    width, height = frame_size(path, options)
    items = rows(events)
    tubes = tubes_of(events)
    if missing := sum(row.box is None for row in items):
        options.notify(f"{path}: {missing} events have no box: they have the whole frame")
    after = [frames_of(row.start_s, row.end_s, rate)[1] for row in items]
    count = max([round((options.media.duration_s or 0) * rate), *(frame + 1 for frame in after)], default=0)
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    _add_meta(root, items, path, options, count)
    for k, row in enumerate(items):
        track = ET.SubElement(root, "track", {"id": str(k), "label": printable(row.label), "source": "auto"})
        first, end = frames_of(row.start_s, row.end_s, rate)
        boxes = {min(max(round(at * rate), first), end - 1): box for at, *box in tubes.get(k, [])}
        boxes = {first: boxes[min(boxes)] if boxes else list(row.box or (0.0, 0.0, 1.0, 1.0))} | boxes
        texts = {"person": str(row.person), "family": printable(row.family), "score": f"{row.score:.4f}"}
        texts["whole_frame"] = "false" if row.box else "true"
        for frame, (x0, y0, x1, y1) in [*sorted(boxes.items()), (end, boxes[max(boxes)])]:
            sides = {"xtl": x0 * width, "ytl": y0 * height, "xbr": x1 * width, "ybr": y1 * height}
            element = ET.SubElement(
                track,
                "box",
                {"frame": str(frame), "outside": str(int(frame == end)), "occluded": "0", "keyframe": "1"}
                | {key: f"{side:.2f}" for key, side in sides.items()}
                | {"z_order": "0"},
            )
            for name, text in texts.items():
                ET.SubElement(element, "attribute", {"name": name}).text = text
    ET.indent(root, " ")
    with replacing(path) as temporary:
        ET.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def _add_meta(root: ET.Element, items: list[Row], path: Path, options: Options, count: int) -> None:
    meta = ET.SubElement(root, "meta")
    task = ET.SubElement(meta, "task")
    file = options.media.path.name if options.media.path else f"{items[0].video if items else path.stem}.mp4"
    texts = {"name": Path(file).stem, "size": str(count), "mode": "interpolation", "start_frame": "0"}
    texts |= {"stop_frame": str(max(count - 1, 0)), "frame_filter": ""}
    for name, text in texts.items():
        ET.SubElement(task, name).text = text
    labels = ET.SubElement(task, "labels")
    for name in in_order(row.label for row in items):
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = printable(name)
        attributes = ET.SubElement(label, "attributes")
        for own in _OWN:
            attribute = ET.SubElement(attributes, "attribute")
            kind, default = ("checkbox", "false") if own == "whole_frame" else ("text", "")
            values = {"name": own, "mutable": "False", "input_type": kind, "default_value": default, "values": default}
            for key, text in values.items():
                ET.SubElement(attribute, key).text = text
    size = ET.SubElement(task, "original_size")
    for name, pixels in zip(("width", "height"), frame_size(path, options), strict=True):
        ET.SubElement(size, name).text = f"{pixels:g}"
    ET.SubElement(task, "source").text = file
    ET.SubElement(meta, "fps").text = repr(frame_rate(path, options))


FORMAT = ReadWrite(
    "CVAT for video", (".xml", ".zip"), read, write, frozenset({FAMILY, SCORE, BOX, TUBES}), one_video=True
)
