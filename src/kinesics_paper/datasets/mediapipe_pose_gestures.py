"""Control gestures in front of a webcam as MediaPipe's body pose (fachter/gesture-detection-neural-network, 2022).

One CSV per stream, one row per frame: milliseconds, 33 landmarks of x, y, z and confidence, and the label ``ground_truth``.
A stream is named after its gesture and its person; idle is the background. The three validation streams were given to
the authors and show a person who is not named: they are a subject of their own, ``validation``.

Tracks: ``pose`` is the table's, x and y in fractions of the frame; the person's box holds the landmarks of confidence
0.5 and more. The size of the frame is not stated: 1280 x 720 is nominal, its shape that in which bodies have human
proportions (shoulders half as wide as nose and hips are apart).

Flaws, repaired here:

- The last 2 to 12 rows of most streams have the time 0: they continue at the stream's median interval.
- The first row of pinch_mamad has the time -1: it becomes 0.
- All gestures of swipe_right_jonas are labelled swipe_left; the wrist moves right, as in all other streams of that name.
- Streams start up to 0.7 s after time 0, and persons are lost for up to 0.6 s: the clock of the video is kept.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.tracks import LANDMARKS, PERSON_BOX
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

LABELS = ("flip_table", "pinch", "rotate", "spread", "swipe_left", "swipe_right")
BACKGROUND = "idle"
WIDTH, HEIGHT = 1280, 720
RATE_HZ = 30.0
VISIBLE = 0.5

#: Streams by folder and gesture, with the people of each.
_PEOPLE = {
    "flip_table": "mamad",
    "pinch": "mamad",
    "rotate": "fabian fabienne felix freddi jonas mamad marja tamara",
    "spread": "mamad",
    "swipe_left": "fabian fabienne felix freddi jonas mamad marja tamara",
    "swipe_right": "fabian fabienne felix freddi jonas mamad marja tamara",
    "new/swipe_left": "jana sophia",
    "new/swipe_right": "jana",
    "validation/rotate": "validation",
    "validation/swipe_left": "validation",
    "validation/swipe_right": "validation",
}
#: Video: its file.
FILES = {
    f"{gesture.rpartition('/')[2]}_{person}": f"{gesture}_{person}_gt.csv"
    for gesture, people in _PEOPLE.items()
    for person in people.split()
}
VIDEOS = tuple(FILES)

_POINTS = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "left_mouth", "right_mouth"),
    *(
        f"{side}_{part}"
        for part in [
            "shoulder",
            "elbow",
            "wrist",
            "pinky",
            "index",
            "thumb",
            "hip",
            "knee",
            "ankle",
            "heel",
            "foot_index",
        ]
        for side in ("left", "right")
    ),
)
COLUMNS = [
    "timestamp",
    *(f"{point}_{value}" for point in _POINTS for value in ("x", "y", "z", "confidence")),
    "ground_truth",
]
#: Video: {label as written: label as performed}.
_MISLABELLED = {"swipe_right_jonas": {"swipe_left": "swipe_right"}}


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject (the person's name in the file) and duration of each stream."""
    return stream_table(
        [(video, video.rpartition("_")[2], stream_end(times_s)) for video, times_s, _, _ in read_poses(folder)]
    )


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the gestures as events."""
    rows = []
    for video, times_s, _, labels in read_poses(folder):
        rows += frame_events(video, labels, times_s, BACKGROUND)
    return event_table(rows, Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Leave one person out; the fold ``validation`` trains on all named persons, as the authors do."""
    return leave_one_out({video: video.rpartition("_")[2] for video in FILES})


def write_tracks(folder: str | Path, out: str | Path, rate_hz: float = RATE_HZ) -> list[Path]:
    """Write the tracks of each stream; return their paths."""
    for _ in read_poses(folder):
        pass  # a bad file is found before anything is written
    paths = []
    for video, times_s, pose, _ in read_poses(folder):
        boxes = _boxes(pose)
        row = lambda i, pose=pose, boxes=boxes: {  # noqa: E731
            "pose": pose[i],
            **dict(zip(PERSON_BOX, boxes[i].tolist(), strict=True)),
        }
        path = Path(out) / f"{video}.parquet"
        paths.append(write_person_tracks(path, video, times_s, rate_hz, (WIDTH, HEIGHT), row))
    return paths


def _boxes(pose: np.ndarray) -> np.ndarray:
    """Return the box of the visible landmarks (T, 33, 4) inside the frame: (T, 4), NaN where none is visible."""
    visible = pose[..., 3:] >= VISIBLE
    low = np.where(visible, pose[..., :2], np.inf).min(1)
    high = np.where(visible, pose[..., :2], -np.inf).max(1)
    boxes = np.concatenate([low, high], axis=1).clip(0, 1)
    boxes[~visible.any((1, 2))] = np.nan
    return boxes


def read_poses(folder: str | Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield video, times in seconds (T,), pose (T, 33, 4) and labels (T,) of each stream."""
    for video, name in FILES.items():
        path = Path(folder) / name
        table = read_frames(path, COLUMNS, text=["ground_truth"])
        labels = check_labels(path, table["ground_truth"], (*LABELS, BACKGROUND))
        labels = np.array([_MISLABELLED.get(video, {}).get(label, label) for label in labels], dtype=object)
        times_s = check_ascending(path, _times(path, table["timestamp"].to_numpy(float)) / 1000)
        yield video, times_s, table[COLUMNS[1:-1]].to_numpy(float).reshape(-1, *LANDMARKS["pose"]), labels


def _times(path: Path, stamps: np.ndarray) -> np.ndarray:
    """Return the milliseconds (T,) with the zeros at the end continued."""
    if not (stamps > 0).any():
        raise KinesicsError(f"{path}: line 2: no row has a timestamp")
    times = stamps.copy()
    times[0] = max(times[0], 0)
    last = int(np.flatnonzero(times > 0)[-1])
    step = np.median(np.diff(times[: last + 1])) if last else 1000 / RATE_HZ
    if (bad := stamps[last + 1 :] != 0).any():
        raise KinesicsError(f"{path}: line {last + 3 + int(bad.argmax())}: timestamp is negative")
    times[last + 1 :] = times[last] + step * np.arange(1, len(times) - last)
    return times


OPEN = TrackedDataset(
    labels=LABELS,
    read_streams=read_streams,
    read_events=read_events,
    read_splits=read_splits,
    videos=VIDEOS,
    write_tracks=write_tracks,
)
