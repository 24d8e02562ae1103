"""AVA 2.2: persons, boxes and 80 actions, once a second, in 15 minutes of films (Gu et al., CVPR 2018).

Layout of ava_v2.2.zip (github.com/cvdfoundation/ava-dataset): ``ava_{train,val}_v2.2.csv`` without a header, one line
``video, second, x0, y0, x1, y1, action, person`` with boxes in fractions of the frame (empty action: no person);
``ava_action_list_v2.2_for_activitynet_2019.pbtxt``, the 60 actions that are scored; and
``ava_<part>_excluded_timestamps_v2.2.csv``, the seconds that are not. The archive may have a folder of its own. The films are
named by ``ava_file_names_trainval_v2.1.txt``. Not verified: the names inside the archive.

Time 0 is second ``START_S`` of the film, and only the annotated ``LENGTH_S`` are read. A box stands for the second about
its keyframe; an action of one person in consecutive seconds is one event with its tube, and its box is the median.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.events import BOX, TUBE_COLUMNS
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, make_dataset, parse_number, read_lines

START_S, LENGTH_S = 900.0, 900.0
FILES = "ava_file_names_trainval_v2.1.txt"
ACTIONS = "ava_action_list_v2.2_for_activitynet_2019.pbtxt"
PARTS = ("train", "val")

_SERVER = "https://s3.amazonaws.com/ava-dataset"


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the annotations, the list of films, then each film."""
    yield f"{_SERVER}/annotations/ava_v2.2.zip", ""
    yield f"{_SERVER}/annotations/{FILES}", FILES
    for _, (name,) in read_lines(folder / FILES, 1):
        yield f"{_SERVER}/trainval/{name}", f"trainval/{name}"


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``val``, with tubes."""
    actions = _actions(_file(folder, ACTIONS))
    films = {Path(name).stem: name for _, (name,) in read_lines(folder / FILES, 1)}
    videos, parts, ignored = Videos(folder), {}, []
    keyframes: dict[tuple[str, int, str], list[tuple]] = {}
    for part in PARTS:
        for where, fields in read_lines(_file(folder, f"ava_{part}_v2.2.csv"), 8):
            film, second, *box, action, person = fields
            if film not in parts.setdefault(part, []):
                path = f"trainval/{films.get(film, f'{film}.mp4')}"
                parts[part].append(videos.add(where, path, name=film, start_s=START_S, duration_s=LENGTH_S))
            time_s = parse_number(where, second, "second") - START_S
            if action in actions:
                corners = tuple(parse_number(where, value, "box") for value in box)
                if not (0 <= time_s < LENGTH_S and min(corners) >= 0 and max(corners) <= 1):
                    raise KinesicsError(f"{where}: second {second} or box {','.join(box)} is outside of the film")
                key = film, int(parse_number(where, person, "person")), actions[action]
                keyframes.setdefault(key, []).append((time_s, *corners))
        for _, (film, second) in read_lines(_file(folder, f"ava_{part}_excluded_timestamps_v2.2.csv"), 2):
            if film in parts[part]:
                ignored.append((film, float(second) - START_S - 0.5, float(second) - START_S + 0.5))
    events, tubes = _events(keyframes)
    return make_dataset(videos, events, {"val": tuple(parts[part] for part in PARTS)}, "", folder, tubes, ignored)


def _events(keyframes: Mapping[tuple[str, int, str], list[tuple]]) -> tuple[list[tuple], pd.DataFrame]:
    """Return the events of (film, person, label): keyframes (time, box), and the tubes: one event per unbroken run."""
    events, tubes = [], []
    for (film, person, label), rows in sorted(keyframes.items()):
        boxes = np.array(sorted(set(rows)))  # (K, 5)
        for run in np.split(boxes, np.flatnonzero(np.diff(boxes[:, 0]) > 1) + 1):
            tubes += [(len(events), *row) for row in run]
            start_s, end_s = max(run[0, 0] - 0.5, 0.0), run[-1, 0] + 0.5
            events.append((film, label, start_s, end_s, person, *np.median(run[:, 1:], axis=0)))
    return events, pd.DataFrame(tubes, columns=["event", "time_s", *BOX])[TUBE_COLUMNS]


def _file(folder: Path, name: str) -> Path:
    return next(iter(sorted(folder.glob(f"**/{name}"))), folder / name)


def _actions(file: Path) -> dict[str, str]:
    """Return {number: label} of the actions that are scored, from the protocol-buffer text."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KinesicsError(f"{file}: no such file") from None
    entries = re.findall(r'name:\s*"([^"]+)"\s*id:\s*(\d+)', text)
    if not entries:
        raise KinesicsError(f"{file}: no line with the name and id of an action")
    return {number: re.sub("[^a-z0-9]+", "_", label.lower()).strip("_") for label, number in entries}


BENCHMARK = Benchmark(labels=None, read=read, downloads=downloads)
