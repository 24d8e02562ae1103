"""Gesture phases of three people telling a story, seven streams (Madeo, Lima & Peres, SAC 2013; UCI data set 302).

``raw/<person><story>_raw.csv`` has a row a frame of a Kinect: x, y, z of six joints (hands, head, spine, wrists), a
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
- x of the sensor grows to the person's right, so that left and right are swapped against a picture; it is turned.
- Stream b3 has x and y in other units, about a tenth of the others'; the frame's side makes them equal.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import LANDMARKS
from kinesics_paper.datasets import parsing_tables

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


def streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject (a, b, c) and duration of each stream."""
    return parsing_tables.stream_table(
        [(video, video[0], parsing_tables.end_of(_read(folder, video)[0])) for video in VIDEOS]
    )


def events(folder: str | Path) -> pd.DataFrame:
    """Return the phases as events, family gesture."""
    rows = []
    for video in VIDEOS:
        times_s, table = _read(folder, video)
        rows += parsing_tables.frame_events(video, table["phase"].to_numpy(), times_s, BACKGROUND)
    return parsing_tables.event_table(rows, Path(folder))


def splits(folder: str | Path) -> dict[str, tuple[list[str], list[str]]]:
    """Leave one person out: {person: (streams of the others, streams of the person)}."""
    return parsing_tables.leave_one_out({video: video[0] for video in VIDEOS})


def tracks(folder: str | Path, out: str | Path, rate_hz: float = RATE_HZ) -> list[Path]:
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
        paths.append(parsing_tables.write_tracks(path, video, times_s, rate_hz, (PIXELS, PIXELS), row))
    return paths


def _read(folder: str | Path, video: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the times of the frames in seconds from the first (T,) and the table with repaired labels."""
    path = Path(folder) / "raw" / f"{video}_raw.csv"
    table = parsing_tables.read_frames(path, _COLUMNS, text=["phase"])
    table["phase"] = parsing_tables.known(path, table["phase"].str.lower().replace(_REPAIRED), (*LABELS, BACKGROUND))
    clock = table["timestamp"].to_numpy()
    late = (clock < 0) | (clock % 100000 >= 60000)
    if late.any():
        row = int(late.argmax())
        raise KinesicsError(f"{path}: line {row + 2}: timestamp {clock[row]:.0f} is not minutes, seconds, milliseconds")
    times_s = (clock // 100000) * 60 + (clock % 100000) / 1000
    return parsing_tables.ascending(path, times_s - times_s[0]), table
