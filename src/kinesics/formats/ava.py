"""AVA: one row per keyframe, second, person and action, as CSV without a header, and the names of actions as ``.pbtxt``.

Keyframes of consecutive seconds with the same person and action are one event, half a second before the first to half a second
after the last.
"""

import csv
import re
from io import StringIO
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Annotation, Row, printable, rows, to_events, tubes_of
from kinesics.formats.base import BOX, TUBES, Options, ReadWrite
from kinesics.formats.frames import median_box
from kinesics.formats.source import as_number, number, read_text
from kinesics.io.files import write_text
from kinesics.structures.events import Events
from kinesics.structures.vocabulary import in_order

#: The longest time between two keyframes of one event, in seconds.
_GAP_S = 1.5
_ITEM = re.compile(r'(?:item|label)\s*\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}')
_NAME = re.compile(r'name:\s*"((?:[^"\\]|\\.)*)"')


def read(path: Path, options: Options) -> Events:
    """Read keyframes; names of actions are those of the ``.pbtxt`` file of the same name, if there is one.

    Raises KinesicsError naming the line for values that are no numbers.
    """
    labels = _labels(path.with_suffix(".pbtxt"))
    groups: dict[tuple[str, str, str], list[tuple[float, tuple[float, ...], float, int]]] = {}
    body = list(csv.reader(StringIO(read_text(path, options.notify))))
    # of the two tables with eight columns, that of detections ends with a score
    scored = any("." in row[7] for row in body if len(row) > 7)
    for line, row in enumerate(body, 1):
        if len(row) < 7 or not row[2].strip():  # a keyframe without anybody
            if len(row) not in (0, 2, 7, 8):
                raise KinesicsError(f"{path}: line {line}: has {len(row)} columns, not 7 or 8")
            continue
        moment = number(row[1], f"{path}: line {line}: the time")
        box = tuple(number(side, f"{path}: line {line}: the box") for side in row[2:6])
        last = number(row[7], f"{path}: line {line}: the last column") if len(row) > 7 else 0.0
        key = row[0].strip(), row[6].strip(), "" if scored or len(row) < 8 else f"person {round(last)}"
        groups.setdefault(key, []).append((moment, box, last if scored else 1.0, line))
    annotations: list[Annotation] = []
    for (video, action, subject), keyframes in groups.items():
        keyframes.sort()
        begun = 0
        for k in range(1, len(keyframes) + 1):
            if k < len(keyframes) and keyframes[k][0] - keyframes[k - 1][0] < _GAP_S:
                continue
            part, begun = keyframes[begun:k], k
            tube = {moment: (box[0], box[1], box[2], box[3]) for moment, box, _, _ in part}
            boxes = tuple((moment, *box) for moment, box in tube.items())
            annotations.append(
                Annotation(
                    max(part[0][0] - 0.5, 0.0),
                    part[-1][0] + 0.5,
                    labels.get(action, action),
                    f"line {part[0][3]}",
                    subject=subject,
                    video=video,
                    score=sum(score for _, _, score, _ in part) / len(part),
                    box=median_box(boxes),
                    tube=boxes,
                )
            )
    if not labels and any(as_number(action) is not None for _, action, _ in groups):
        options.notify(f"{path}: actions are numbers: name them in {path.with_suffix('.pbtxt').name}, or with --map")
    return to_events(annotations, path, options)


def _labels(path: Path) -> dict[str, str]:
    """Return the names of actions by number."""
    if not path.is_file():
        return {}
    labels: dict[str, str] = {}
    for item in _ITEM.findall(read_text(path)):
        name = _NAME.search(item)
        key = re.search(r"(?:label_)?id:\s*(\d+)", _NAME.sub("", item))
        if name and key:
            labels[key[1]] = re.sub(r"\\(.)", r"\1", name[1])
    return labels


def keyframes(row: Row) -> range:
    """Return the seconds at which an event is annotated: those within, or else the nearest one."""
    first, after = int(-(-row.start_s // 1)), int(-(-row.end_s // 1))
    nearest = round((row.start_s + row.end_s) / 2)
    return range(first, after) if after > first else range(nearest, nearest + 1)


def write(events: Events, path: Path, options: Options) -> None:
    """Write keyframes, one a second, and the names of the actions beside them, as ``.pbtxt``.

    Events without a box have the whole frame.
    """
    items = rows(events)
    tubes = tubes_of(events)
    labels = in_order(row.label for row in items)
    if missing := sum(row.box is None for row in items):
        options.notify(f"{path}: {missing} events have no box: they have the whole frame")
    written: dict[tuple[str, int, int, int], tuple[float, ...]] = {}
    for k, row in enumerate(items):
        tube = tubes.get(k, [])
        for second in keyframes(row):
            nearest = min(tube, key=lambda box: abs(box[0] - second), default=None)
            box = nearest[1:] if nearest else row.box or (0.0, 0.0, 1.0, 1.0)
            key = row.video, second, labels.index(row.label) + 1, row.person
            written.setdefault(key, tuple(min(max(side, 0.0), 1.0) for side in box))
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for (video, second, action, person), box in sorted(written.items()):
        writer.writerow([video, f"{second:04d}", *(f"{side:.3f}" for side in box), action, person])
    names = [f"item {{\n  name: {_quoted(label)}\n  id: {number_}\n}}\n" for number_, label in enumerate(labels, 1)]
    write_text(path.with_suffix(".pbtxt"), "".join(names))
    write_text(path, out.getvalue())


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", printable(text)) + '"'


FORMAT = ReadWrite("AVA", (), read, write, frozenset({BOX, TUBES}))
