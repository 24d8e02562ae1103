"""Gesture phases of three people telling a story, seven streams (Madeo, Lima & Peres, SAC 2013; UCI data set 302).

``raw/<person><story>_raw.csv`` has one row per frame of a Kinect: x, y, z of six joints (hands, head, spine, wrists), a
clock time and the phase. Rest is the background; the other phases follow each other without a pause.

Tracks: x and y have no stated unit, and the frame is not given. So the frame is a square about the median of the spine
whose side is ``SIDE`` times the median distance from head to spine; every joint of every stream lies in it. ``pose``
holds the wrists, the hands at the knuckle of the index finger and the head at the nose: the nearest landmarks there
are. The spine has none. Everything else, and the visibility, is NaN. z is the distance from the median spine in metres,
not a fraction of the frame, negative nearer to the sensor.

Flaws, repaired here:

- The clock is written as digits, minutes, seconds and milliseconds one after the other (5759980, then 5800012): taken
  for milliseconds, five of the seven streams would stand still for 40 s at the turn of a minute.
- One frame of b1 is labelled Preparação, and the file begins with a byte-order mark.
- x of the sensor grows to the person's right, so that left and right are swapped against an image; it is mirrored.
- Stream b3 has x and y in other units, about a tenth of the others'; the frame's side makes them equal.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import LANDMARKS
from kinesics_paper.datasets.base import Splits, TrackedDataset
from kinesics_paper.datasets.parsing import (
    check_ascending,
    check_labels,
    event_table,
    frame_events,
    leave_one_out,
    read_frames,
    stream_end,
    stream_table,
    write_person_tracks,
)

LABELS = ("preparation", "stroke", "hold", "retraction")
BACKGROUND = "rest"
VIDEOS = ("a1", "a2", "a3", "b1", "b3", "c1", "c3")

#: Side of the frame in distances from head to spine: a stretched arm reaches 1.5 of them from the spine.
SIDE = 4.0
RATE_HZ = 30.0  # of the sensor; it dropped frames in a1 and a2
PIXELS = 480  # nominal: only the square shape matters

_JOINTS = ("lh", "rh", "h", "s", "lw", "rw")
_COLUMNS = [f"{joint}{axis}" for joint in _JOINTS for axis in "xyz"] + ["timestamp", "phase"]
_REPAIRED = {"preparação": "preparation"}

#: Landmark of the body pose for each joint.
_POSE = {"lh": 19, "rh": 20, "h": 0, "lw": 15, "rw": 16}


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject (a, b, c) and duration of each stream."""
    return stream_table([(video, video[0], stream_end(_read(folder, video)[0])) for video in VIDEOS])


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the phases as events, family gesture."""
    rows = []
    for video in VIDEOS:
        times_s, table = _read(folder, video)
        rows += frame_events(video, table["phase"].to_numpy(), times_s, BACKGROUND)
    return event_table(rows, Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Leave one person out: {person: (streams of the others, streams of the person)}."""
    return leave_one_out({video: video[0] for video in VIDEOS})


def write_tracks(folder: str | Path, out: str | Path, rate_hz: float = RATE_HZ) -> list[Path]:
    """Write the tracks of each stream; return their paths."""
    read = {video: _read(folder, video) for video in VIDEOS}  # a bad file is found before anything is written
    paths = []
    for video, (times_s, table) in read.items():
        joints = table[_COLUMNS[:18]].to_numpy(float).reshape(-1, 6, 3)  # (T, joints, xyz)
        spine = joints[:, _JOINTS.index("s")]
        middle = np.median(spine, axis=0)
        torso = np.median(np.linalg.norm((joints[:, _JOINTS.index("h")] - spine)[:, :2], axis=1))
        placed = joints - middle
        placed[..., :2] = 0.5 + placed[..., :2] * [-1, 1] / (SIDE * torso)
        pose = np.full((len(joints), *LANDMARKS["pose"]), np.nan)
        pose[:, list(_POSE.values()), :3] = placed[:, [_JOINTS.index(joint) for joint in _POSE]]
        path = Path(out) / f"{video}.parquet"
        row = lambda i, pose=pose: {"pose": pose[i]}  # noqa: E731
        paths.append(write_person_tracks(path, video, times_s, rate_hz, (PIXELS, PIXELS), row))
    return paths


def _read(folder: str | Path, video: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the times of the frames in seconds from the first (T,) and the table with repaired labels."""
    path = Path(folder) / "raw" / f"{video}_raw.csv"
    table = read_frames(path, _COLUMNS, text=["phase"])
    table["phase"] = check_labels(path, table["phase"].str.lower().replace(_REPAIRED), (*LABELS, BACKGROUND))
    clock = table["timestamp"].to_numpy()
    late = (clock < 0) | (clock % 100000 >= 60000)
    if late.any():
        row = int(late.argmax())
        raise KinesicsError(f"{path}: line {row + 2}: timestamp {clock[row]:.0f} is not minutes, seconds, milliseconds")
    times_s = (clock // 100000) * 60 + (clock % 100000) / 1000
    return check_ascending(path, times_s - times_s[0]), table


OPEN = TrackedDataset(
    labels=LABELS,
    read_streams=read_streams,
    read_events=read_events,
    read_splits=read_splits,
    videos=VIDEOS,
    write_tracks=write_tracks,
)
