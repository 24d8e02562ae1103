"""IPN Hand: the annotations of 200 long videos of 50 people, 13 gestures (Benitez-Garcia et al., ICPR 2020).

``trainlistall.txt`` and ``vallistall.txt`` have one row per segment: video, number of the class, first and last frame,
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
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark, Splits, TimedDataset
from kinesics_paper.datasets.parsing import Videos, event_table, make_dataset, map_label, read_lines, stream_table

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


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject and duration of each video."""
    last = _read(Path(folder)).groupby("video", sort=False)[["subject", "end"]].last()
    return stream_table([(row.Index, row.subject, seconds(row.end, RATE_HZ)) for row in last.itertuples()])


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the gestures as events."""
    segments = _read(Path(folder))
    segments = segments[segments["label"] != BACKGROUND]
    times = seconds(segments["start"] - 1, RATE_HZ), seconds(segments["end"], RATE_HZ)
    return event_table(zip(segments["video"], segments["label"], *times, strict=True), Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Return the authors' lists as the one fold ``subjects``: no subject is in both."""
    videos = _read(Path(folder)).drop_duplicates("video")
    return {"subjects": tuple(videos["video"][videos["part"] == part].tolist() for part in LISTS)}


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the authors' split of subjects."""
    videos = Videos(folder)
    for video, subject, duration_s in read_streams(folder).itertuples(index=False):
        videos.add(f"{folder}: its list of segments", f"videos/{video}.avi", subject=subject, duration_s=duration_s)
    events = read_events(folder)[["video", "label", "start_s", "end_s"]].itertuples(index=False, name=None)
    return make_dataset(videos, events, read_splits(folder), "gesture", folder)


def _read(folder: Path) -> pd.DataFrame:
    """Return part, video, subject, label, first and last frame (from 1) of each segment, in order."""
    classes = _classes(folder / CLASSES)
    rows = []
    parts: dict[str, str] = {}  # of each subject
    ends: dict[str, int] = {}  # of each video
    for part, name in LISTS.items():
        for where, (path, kind, *frames) in read_lines(folder / name, 4, None):
            if not (match := _VIDEO.fullmatch(path)):
                raise KinesicsError(f"{where}: {path!r} is not the name of a video")
            label = map_label(where, kind, classes)
            if not all(frame.isdecimal() for frame in frames):
                raise KinesicsError(f"{where}: frames {frames[0]!r} to {frames[1]!r}; whole numbers are wanted")
            video, subject = match.groups()
            start, end = map(int, frames)
            if start != ends.get(video, 0) + 1 or end < start:
                raise KinesicsError(
                    f"{where}: frames {start} to {end} of {video} do not follow frame {ends.get(video, 0)}"
                )
            if parts.setdefault(subject, part) != part:
                raise KinesicsError(f"{where}: subject {subject} is in both lists")
            ends[video] = end
            rows.append((part, video, subject, label, start, end))
    return pd.DataFrame(rows, columns=["part", "video", "subject", "label", "start", "end"])


def _classes(path: Path) -> dict[str, str]:
    classes = {}
    for where, (number, label) in read_lines(path, 2, None):
        if not number.isdecimal() or number in classes:
            raise KinesicsError(f"{where}: class {number!r} is no whole number, or stands there twice")
        if label.lower() not in (*LABELS, BACKGROUND):
            raise KinesicsError(f"{where}: label {label!r} is unknown; known are {', '.join(LABELS)}")
        classes[number] = label.lower()
    return classes


OPEN = TimedDataset(labels=LABELS, read_streams=read_streams, read_events=read_events, read_splits=read_splits)
BENCHMARK = Benchmark(labels=LABELS, read=read)
