"""VGG Image Annotator: projects of version 3 (.json), and the CSV that version 3 exports.

Temporal segments are events. Their attribute with options or texts is the label; attributes named person, family and score
are those of the event, a segment's rectangle, in pixels, is its box.
"""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, printable, rows, to_events
from kinesics.formats.base import BOX, FAMILY, SCORE, Options, ReadWrite
from kinesics.formats.frames import fraction
from kinesics.formats.source import (
    as_number,
    file_stem,
    mapping,
    mapping_or_empty,
    number,
    read_json,
    read_text,
    sequence,
    sequence_or_empty,
    string,
)
from kinesics.io.files import one_line, write_json
from kinesics.structures.events import Events
from kinesics.structures.vocabulary import in_order

_PERSON = {"person", "subject", "speaker", "participant", "actor"}
#: Place in the file, video, times, shape, and values of attributes.
Entry = tuple[str, str, Any, Any, Any]
_RECTANGLE, _VIDEO, _TEXT, _SELECT = 2, 4, 1, 4


def read(path: Path, options: Options) -> Events:
    """Read the temporal segments of a project, or of an exported CSV.

    Raises KinesicsError naming the file and the metadata for values of a wrong kind.
    """
    attributes, entries, sizes = _exported(path, options) if path.suffix.lower() == ".csv" else _project(path, options)
    annotations: list[Annotation] = []
    frames = unsized = 0
    for where, video, z, xy, av in entries:
        times = [number(value, f"{path}: {where}: z") for value in sequence(z or [], f"{path}: {where}: z")]
        if len(times) < 2:
            frames += 1
            continue
        values = _values(mapping(av or {}, f"{path}: {where}: av"), attributes)
        shape = [number(value, f"{path}: {where}: xy") for value in sequence(xy or [], f"{path}: {where}: xy")]
        width, height = sizes.get(video, (options.media.width, options.media.height))
        box = None
        if len(shape) == 5 and shape[0] == _RECTANGLE:
            unsized += not (width and height)
            if width and height:
                box = fraction((shape[1], shape[2], shape[1] + shape[3], shape[2] + shape[4]), width, height)
        annotations += _annotations(values, (times[0], times[1]), where, file_stem(video), box)
    if frames:
        options.notify(f"{path}: {frames} regions or attributes of single frames are no events: left out")
    if unsized:
        options.notify(f"{path}: {unsized} boxes are in pixels and left out: give the video with --media")
    return to_events(annotations, path, options)


def _project(path: Path, options: Options) -> tuple[Any, list[Entry], dict[str, tuple[float, float]]]:
    """Return attributes and entries of a project, and the size of its videos, where kinesics wrote it down."""
    project = mapping(read_json(path, options.notify), f"{path}: the project")
    if not {"metadata", "attribute", "file"} <= project.keys():
        raise KinesicsError(f"{path}: not a project of VIA 3: it has no metadata, attribute and file")
    listed = {
        key: mapping(entry, f"{path}: file {key}") for key, entry in mapping(project["file"], f"{path}: file").items()
    }
    files = {key: string(entry.get("fname")) for key, entry in listed.items()}
    sizes = {
        string(entry.get("fname")): (width, height)
        for entry in listed.values()
        if (width := as_number(entry.get("width"))) and (height := as_number(entry.get("height")))
    }
    views: dict[str, str] = {}
    for key, entry in mapping(project.get("view") or {}, f"{path}: view").items():
        shown = sequence(mapping(entry, f"{path}: view {key}").get("fid_list") or [], f"{path}: view {key}")
        views[key] = files.get(string(shown[0]), "") if shown else ""
    entries: list[Entry] = []
    for key, entry in mapping(project["metadata"], f"{path}: metadata").items():
        entry = mapping(entry, f"{path}: metadata {key!r}")
        video = views.get(string(entry.get("vid")), "") or files.get(string(entry.get("vid")), "")
        entries.append((f"metadata {key!r}", video, entry.get("z"), entry.get("xy"), entry.get("av")))
    return mapping(project["attribute"], f"{path}: attribute"), entries, sizes


def _exported(path: Path, options: Options) -> tuple[Any, list[Entry], dict[str, tuple[float, float]]]:
    """Return attributes and entries of an exported CSV, of which the older has start and end as columns."""
    lines = read_text(path, options.notify).split("\n")
    comments = [line for line in lines if line.startswith("#")]
    header = next((line.partition("=")[2] for line in comments if line.startswith("# CSV_HEADER")), "")
    names = [name.strip() for name in header.split(",")]
    if "metadata" not in names:
        raise KinesicsError(f"{path}: not a CSV of VIA 3: the line # CSV_HEADER is missing")
    attributes: Any = {}
    entries: list[Entry] = []
    try:
        for line in comments:
            if line.startswith(("# ATTRIBUTE =", "# ATTRIBUTES =")):
                attributes = json.loads(line.partition("=")[2])
        body = StringIO("\n".join(line for line in lines if line.strip() and not line.startswith("#")))
        for k, row in enumerate(csv.reader(body, skipinitialspace=True), 1):
            fields = dict(zip(names, row, strict=False))
            if "temporal_coordinates" in fields:
                times = json.loads(fields["temporal_coordinates"])
            else:
                times = [fields.get("temporal_segment_start"), fields.get("temporal_segment_end")]
            shape = json.loads(fields.get("spatial_coordinates") or "[]")
            listed = json.loads(fields.get("file_list") or "[]")
            video = string(next(iter(sequence_or_empty(listed)), listed))
            entries.append((f"row {k}", video, times, shape, json.loads(fields.get("metadata") or "{}")))
    except (ValueError, csv.Error, RecursionError) as error:
        raise KinesicsError(f"{path}: row {len(entries) + 1}: not a CSV of VIA 3: {one_line(error)}") from None
    return mapping(attributes, f"{path}: ATTRIBUTE"), entries, {}


def _values(av: Any, attributes: Any) -> dict[str, str]:
    """Return the values of attributes by name, options by their text."""
    values: dict[str, str] = {}
    for key, value in av.items():
        attribute = mapping_or_empty(attributes.get(key))
        name = string(attribute.get("aname") or attributes.get(key))  # older exports have the name alone
        choices = mapping_or_empty(attribute.get("options"))
        chosen = string(value).split(",") if choices else []
        texts = [string(choices.get(part, part)) for part in chosen] if chosen else [string(value)]
        values[name or key] = "|".join(text for text in texts if text)
    return values


def _annotations(
    values: dict[str, str], times: tuple[float, float], where: str, video: str, box: Any
) -> list[Annotation]:
    """Return an annotation for each attribute of a segment that is a label."""
    named = {name.strip().lower(): value for name, value in values.items()}
    subject = next((value for name, value in named.items() if name in _PERSON and value), "")
    score = as_number(named.get("score"))
    family = named.get("family")
    labels = {
        name: value for name, value in values.items() if name.strip().lower() not in _PERSON | {"family", "score"}
    }
    default = {"": ""} if not labels else {}
    return [
        Annotation(
            *times,
            value,
            where,
            tier="" if name.upper() in ("", "TEMPORAL-SEGMENTS", "LABEL") else name,
            subject=subject,
            video=video,
            family=family,
            score=1.0 if score is None else score,
            box=box,
        )
        for name, value in (labels or default).items()
    ]


def write(events: Events, path: Path, options: Options) -> None:
    """Write a project of version 3: a temporal segment an event. Boxes need the size of the video."""
    items = rows(events)
    videos = list(dict.fromkeys(row.video for row in items))
    labels = in_order(row.label for row in items)
    width, height = options.media.width, options.media.height
    if not (width and height) and (boxes := sum(row.box is not None for row in items)):
        options.notify(f"{path}: {boxes} boxes are left out: give the video with --media")
    metadata: dict[str, Any] = {}
    for k, row in enumerate(items):
        xy: list[float] = []
        if row.box and width and height:
            x0, y0, x1, y1 = row.box
            xy = [
                _RECTANGLE,
                *(round(side, 2) for side in (x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height)),
            ]
        values = {"1": str(labels.index(row.label)), "2": f"person {row.person}", "3": printable(row.family)}
        metadata[f"{videos.index(row.video) + 1}_{k:08d}"] = {
            "vid": str(videos.index(row.video) + 1),
            "flg": 0,
            "z": [round(row.start_s, 6), round(row.end_s, 6)],
            "xy": xy,
            "av": values | {"4": f"{row.score:.4f}"},
        }
    keys = [str(k) for k in range(1, len(videos) + 1)]
    names = [options.media.path.name if options.media.path else f"{video}.mp4" for video in videos]
    write_json(
        path,
        {
            "project": {
                "pid": "__VIA_PROJECT_ID__",
                "rev": "__VIA_PROJECT_REV_ID__",
                "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__",
                "pname": printable(path.stem),
                "creator": "kinesics",
                "created": 0,
                "vid_list": keys,
            },
            "config": {
                "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
                "ui": {
                    "file_content_align": "center",
                    "file_metadata_editor_visible": True,
                    "spatial_metadata_editor_visible": True,
                    "temporal_segment_metadata_editor_visible": True,
                    "spatial_region_label_attribute_id": "",
                    "gtimeline_visible_row_count": "4",
                },
            },
            "attribute": {
                "1": _attribute("label", _SELECT, {str(k): printable(label) for k, label in enumerate(labels)}),
                "2": _attribute("person", _TEXT, {}),
                "3": _attribute("family", _TEXT, {}),
                "4": _attribute("score", _TEXT, {}),
            },
            "file": {
                key: {"fid": key, "fname": name, "type": _VIDEO, "loc": 1, "src": ""}
                | ({"width": width, "height": height} if width and height else {})
                for key, name in zip(keys, names, strict=True)
            },
            "metadata": metadata,
            "view": {key: {"fid_list": [key]} for key in keys},
        },
    )


def _attribute(name: str, kind: int, choices: dict[str, str]) -> dict[str, Any]:
    return {
        "aname": name,
        "anchor_id": "FILE1_Z2_XY0",
        "type": kind,
        "desc": name,
        "options": choices,
        "default_option_id": "",
    }


FORMAT = ReadWrite("VIA", (".json", ".csv"), read, write, frozenset({FAMILY, SCORE, BOX}))
