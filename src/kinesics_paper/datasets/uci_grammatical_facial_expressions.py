"""Grammatical facial expressions of Brazilian Sign Language (Freitas et al., FLAIRS 2014; UCI data set 317).

Two signers (a, b) sign five sentences per stream, and a specialist marked each frame in which the expression named by the
stream occurs. ``datapoints/<stream>.txt`` has a clock time and 100 points of the face per frame (x, y in pixels, z in
millimetres), ``targets/<stream>.txt`` a 0 or 1 per line. The events are of the family gesture: the expressions are
grammar, not emotion.

Tracks: the 100 points are not those of MediaPipe's mesh of 468, and no mapping onto them exists. So ``<video>.parquet``
has the box of the face only, and the points stand in ``landmarks/<video>.parquet``, one row per recorded frame: ``time_s``
and ``points``, float32 of length 300, (x, y) in fractions of the frame and z in metres for each point. The frame is the
Kinect's colour image of 640 x 480 pixels; the data set does not state its size. Points: 0-7 left eye, 8-15 right eye,
16-25 left and 26-35 right eyebrow, 36-47 nose, 48-67 mouth, 68-86 contour, 87 left and 88 right iris, 89 tip of the
nose, 90-94 above the left and 95-99 above the right eyebrow.

Flaws, repaired here:

- Milliseconds lack their leading zeros (1391185818.991, then 1391185819.31): read as a decimal number, the clock runs
  back once a second.
- Three files have a word too many in their header (0.0 after FrameId).
- A point without depth has z = 0, which becomes NaN.
- 16 of 18 streams are here: a_relative and b_conditional have no points, and so no times.

Between two sentences the sensor drops up to four seconds of frames. An event that lasts until such a gap ends with the
first frame after it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.structures.tracks import FACE_BOX
from kinesics_paper.datasets.base import Splits, TrackedDataset
from kinesics_paper.datasets.parsing import (
    check_ascending,
    check_labels,
    event_table,
    frame_events,
    leave_one_out,
    read_frames,
    read_text,
    stream_end,
    stream_table,
    write_person_tracks,
)

LABELS = (
    *("affirmative", "conditional", "doubt_question", "emphasis", "negative"),
    *("relative", "topics", "wh_question", "yn_question"),
)
MISSING = ("a_relative", "b_conditional")
VIDEOS = tuple(f"{signer}_{label}" for signer in "ab" for label in LABELS if f"{signer}_{label}" not in MISSING)

#: The files that ``write_tracks`` writes for each stream.
TRACK_FILES = ("{video}.parquet", "landmarks/{video}.parquet")

POINTS = 100
WIDTH, HEIGHT = 640, 480
RATE_HZ = 20.0  # frames come every 53 to 63 ms

_COLUMNS = ["FrameId", *(f"{point}{axis}" for point in range(POINTS) for axis in "xyz")]
_SCHEMA = pa.schema([pa.field("time_s", pa.float64()), pa.field("points", pa.list_(pa.float32(), 3 * POINTS))])


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject (a, b) and duration of each stream."""
    return stream_table([(video, video[0], stream_end(_read(folder, video)[0])) for video in VIDEOS])


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the expressions as events, family gesture."""
    rows = []
    for video in VIDEOS:
        times_s, _, shown = _read(folder, video)
        labels = np.where(shown, video[2:], "")
        rows += frame_events(video, labels, times_s, "")
    return event_table(rows, Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Leave one signer out: {signer: (streams of the other, streams of the signer)}."""
    return leave_one_out({video: video[0] for video in VIDEOS})


def write_tracks(folder: str | Path, out: str | Path, rate_hz: float = RATE_HZ) -> list[Path]:
    """Write the tracks (the face's box) and ``landmarks/<video>.parquet`` of each stream; return the tracks' paths."""
    read = {video: _read(folder, video) for video in VIDEOS}
    paths = []
    for video, (times_s, points, _) in read.items():
        with replacing(Path(out) / "landmarks" / f"{video}.parquet") as temporary:
            flat = pa.FixedSizeListArray.from_arrays(pa.array(points.astype(np.float32).ravel()), 3 * POINTS)
            pq.write_table(pa.Table.from_arrays([pa.array(times_s), flat], schema=_SCHEMA), temporary)
        boxes = np.concatenate([points[..., :2].min(1), points[..., :2].max(1)], axis=1)  # (T, 4)
        row = lambda i, boxes=boxes: dict(zip(FACE_BOX, boxes[i].tolist(), strict=True))  # noqa: E731
        path = Path(out) / f"{video}.parquet"
        paths.append(write_person_tracks(path, video, times_s, rate_hz, (WIDTH, HEIGHT), row))
    return paths


def _read(folder: str | Path, video: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times in seconds from the first frame (T,), points (T, 100, 3), and whether the expression is shown (T,)."""
    path = Path(folder) / "datapoints" / f"{video}.txt"
    table = read_frames(path, _COLUMNS, ["FrameId"], " ", optional=(1, "0.0"))
    clock = table["FrameId"].str.extract(r"^(\d{1,12})\.(\d{1,3})$")
    if (bad := clock[0].isna().to_numpy()).any():
        row = int(bad.argmax())
        stamp = table["FrameId"].iloc[row]
        raise KinesicsError(f"{path}: line {row + 2}: FrameId {stamp!r} is not seconds and milliseconds")
    milliseconds = clock[0].astype("int64") * 1000 + clock[1].astype("int64")
    times_s = check_ascending(path, (milliseconds - milliseconds.iloc[0]).to_numpy() / 1000)
    points = table[_COLUMNS[1:]].to_numpy(float).reshape(-1, POINTS, 3) / [WIDTH, HEIGHT, 1000]
    points[..., 2][points[..., 2] == 0] = np.nan
    return times_s, points, _targets(Path(folder) / "targets" / f"{video}.txt", len(times_s))


def _targets(path: Path, count: int) -> np.ndarray:
    values = check_labels(path, pd.Series(read_text(path).split(), dtype=str), ("0", "1"), first_line=1)
    if len(values) != count:
        raise KinesicsError(f"{path}: line {len(values)}: {len(values)} labels for {count} frames")
    return values == "1"


OPEN = TrackedDataset(
    labels=LABELS,
    read_streams=read_streams,
    read_events=read_events,
    read_splits=read_splits,
    videos=VIDEOS,
    write_tracks=write_tracks,
    track_files=TRACK_FILES,
)
