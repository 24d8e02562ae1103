"""IPN Hand: the annotations of 200 long videos of 50 people, 13 gestures (Benitez-Garcia et al., ICPR 2020).

``trainlistall.txt`` and ``vallistall.txt`` have a row a segment: video, number of the class, first and last frame,
counted from 1 at 30 frames a second; ``classIndAll.txt`` gives the classes. The segments of a video follow each other
without a gap from its first frame to its last; D0X is the background. The videos, which the user places, lie in
``videos/<video>.avi`` (not verified: the name of that folder).
A subject is what stands before ``_R_`` or ``_L_`` in the name of a video: 50 of them, four videos each.

Flaws, which cannot be repaired: the README of the repository counts 1431 non-gestures, 1010 B0A and 1007 B0B where its
lists have 1305, 1009 and 1004. Names of videos hold a ``#``, and are kept.
"""

import re
from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets import parsing_tables
from kinesics_paper.datasets.base import AnnotatedDataset
from kinesics_paper.datasets.parsing import Videos, make_dataset

#: Label: the gesture, as the repository's README describes it.
GESTURES = {
    "b0a": "pointing with one finger",
    "b0b": "pointing with two fingers",
    "g01": "click with one finger",
    "g02": "click with two fingers",
    "g03": "throw up",
    "g04": "throw down",
    "g05": "throw left",
    "g06": "throw right",
    "g07": "open twice",
    "g08": "double click with one finger",
    "g09": "double click with two fingers",
    "g10": "zoom in",
    "g11": "zoom out",
}
LABELS = tuple(GESTURES)
BACKGROUND = "d0x"
RATE_HZ = 30.0
LISTS = {"train": "trainlistall.txt", "test": "vallistall.txt"}
CLASSES = "classIndAll.txt"

_VIDEO = re.compile(r"\./frames/((\w+)_[RL]_#\d+)")


def streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject and duration of each video."""
    rows = _read(Path(folder))
    last = rows.groupby("video", sort=False)[["subject", "end"]].last()
    return parsing_tables.stream_table(
        [
            (video, row.subject, seconds(row.end, RATE_HZ))
            for video, row in zip(last.index, last.itertuples(), strict=True)
        ]
    )


def events(folder: str | Path) -> pd.DataFrame:
    """Return the gestures as events."""
    rows = _read(Path(folder))
    rows = rows[rows["label"] != BACKGROUND]
    times = seconds(rows["start"] - 1, RATE_HZ), seconds(rows["end"], RATE_HZ)
    return parsing_tables.event_table(zip(rows["video"], rows["label"], *times, strict=True), Path(folder))


def splits(folder: str | Path) -> dict[str, tuple[list[str], list[str]]]:
    """The authors' lists, the one fold ``subjects``: nobody is in both."""
    rows = _read(Path(folder)).drop_duplicates("video")
    return {"subjects": tuple(rows["video"][rows["part"] == part].tolist() for part in LISTS)}


def _read(folder: Path) -> pd.DataFrame:
    """Return part, video, subject, label, first and last frame (from 1) of each segment, in order."""
    classes = _classes(folder / CLASSES)
    rows = []
    parts: dict[str, str] = {}  # of each subject
    ends: dict[str, int] = {}  # of each video
    for part, name in LISTS.items():
        for number, fields in _lines(folder / name, 4):
            where = f"{folder / name}: line {number}"
            if not (match := _VIDEO.fullmatch(fields[0])):
                raise KinesicsError(f"{where}: {fields[0]!r} is not the name of a video")
            if fields[1] not in classes:
                raise KinesicsError(f"{where}: label {fields[1]!r} is unknown; known are {', '.join(classes)}")
            if not (fields[2].isdecimal() and fields[3].isdecimal()):
                raise KinesicsError(f"{where}: frames {fields[2]!r} to {fields[3]!r}; whole numbers are wanted")
            video, subject = match.groups()
            start, end = int(fields[2]), int(fields[3])
            if start != ends.get(video, 0) + 1 or end < start:
                raise KinesicsError(
                    f"{where}: frames {start} to {end} of {video} do not follow frame {ends.get(video, 0)}"
                )
            if parts.setdefault(subject, part) != part:
                raise KinesicsError(f"{where}: subject {subject} is in both lists")
            ends[video] = end
            rows.append((part, video, subject, classes[fields[1]], start, end))
    return pd.DataFrame(rows, columns=["part", "video", "subject", "label", "start", "end"])


def _classes(path: Path) -> dict[str, str]:
    classes = {}
    for number, (index, label) in _lines(path, 2):
        if not index.isdecimal() or index in classes:
            raise KinesicsError(f"{path}: line {number}: class {index!r} is no whole number, or stands there twice")
        if label.lower() not in (*LABELS, BACKGROUND):
            raise KinesicsError(f"{path}: line {number}: label {label!r} is unknown; known are {', '.join(LABELS)}")
        classes[index] = label.lower()
    return classes


def _lines(path: Path, count: int) -> list[tuple[int, list[str]]]:
    """Return number and fields of each line of ``count`` fields separated by blanks."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; fetch the data set again") from None
    except UnicodeDecodeError as error:
        raise KinesicsError(f"{path}: not a text file in UTF-8: {error}") from None
    if not lines:
        raise KinesicsError(f"{path}: no rows; fetch the data set again")
    rows = [(number, line.split()) for number, line in enumerate(lines, 1)]
    for number, fields in rows:
        if len(fields) != count:
            raise KinesicsError(f"{path}: line {number}: {len(fields)} fields instead of {count}")
    return rows


def read(folder: Path) -> AnnotatedDataset:
    """Return the corpus with the authors' split of subjects."""
    videos = Videos(folder)
    for video, subject, duration_s in streams(folder).itertuples(index=False):
        videos.add(f"{folder}: its list of segments", f"videos/{video}.avi", subject=subject, duration_s=duration_s)
    rows = events(folder)[["video", "label", "start_s", "end_s"]].itertuples(index=False, name=None)
    return make_dataset(videos, rows, splits(folder), "gesture", folder)
