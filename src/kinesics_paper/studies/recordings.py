"""Streams of the open data: what heads see of landmarks of any kind, or of plain pixels, in place of a tracked person.

Streams are float32 (frames, D), never NaN, one a video and of person 0; a ``Layout`` says what their columns mean. A mirror
turns a swipe to the left into one to the right: these streams have none.
"""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics import KinesicsError
from kinesics.adapters import adapter
from kinesics.adapters.frames import HOLD_S
from kinesics.detectors import Clip
from kinesics.segments import samples, seconds, shown
from kinesics.signals import speed
from kinesics.streams import LIMIT, Layout
from kinesics.tracks import SCHEMA, VISIBLE, Tracks, read_tracks
from kinesics.video import frames

PERSON = 0
#: Columns and rows of the cells that a picture is cut into, and their sides in the small pictures that flow is found in.
CELLS, SIDE = (4, 3), 20


def read_clip(dataset: str, folder: str | Path, video: str, rate_hz: float) -> Clip:
    """Return a video of an open data set at a rate, from what its adapter wrote into ``folder``: its stream, and no boxes.

    The stream is that of the landmarks beside the tracks, or else of the tracks' body pose; of data without tracks that of
    the pixels of ``media/<video>.mp4``. Raises KinesicsError naming the file.
    """
    folder = Path(folder)
    if not hasattr(adapter(dataset), "tracks"):
        path = folder / "media" / f"{video}.mp4"
        return plain_clip(video, rate_hz, pixel_stream(path, rate_hz), PIXELS)
    path = folder / "tracks" / f"{video}.parquet"
    tracks = read_tracks(path)
    if tracks.persons != [PERSON]:
        raise KinesicsError(f"{path}: persons {tracks.persons} instead of one, {PERSON}: make it again")
    beside = path.parent / "landmarks" / path.name
    if beside.exists():
        table = pq.read_table(beside)
        times, points = table["time_s"].to_numpy(), np.array(table["points"].to_pylist(), float)
        points = points.reshape(len(points), -1, 3)
    else:
        times, pose = seconds(np.arange(tracks.frames), tracks.rate_hz), tracks.dense(PERSON, "pose")
        points = np.where(pose[..., 3:] < VISIBLE, np.nan, pose[..., :3])  # a visibility that is not told hides nothing
    frame = shown(times, samples(tracks.duration_s, rate_hz), rate_hz, HOLD_S)
    points = np.where(frame[:, None, None] >= 0, points[frame], np.nan)
    return plain_clip(video, rate_hz, point_stream(points, rate_hz), points_layout(points.shape[1]))


def plain_clip(video: str, rate_hz: float, stream: np.ndarray, layout: Layout) -> Clip:
    """Return the clip of a stream (frames, D): one person, there in every frame, without boxes."""
    count = len(stream)
    columns = {"frame": np.arange(count), "time_s": seconds(np.arange(count), rate_hz), "person": [PERSON] * count}
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    tracks = Tracks(video, rate_hz, seconds(count, rate_hz), 1, 1, pa.table(arrays, schema=SCHEMA))
    return Clip(tracks, {}, {PERSON: stream}, layout)


def part(clip: Clip, first: int, last: int) -> Clip:
    """Return the frames [first, last) of a clip of ``plain_clip`` as a clip of its own, named after them."""
    name = f"{clip.tracks.video} frames {first} to {last}"
    return plain_clip(name, clip.tracks.rate_hz, clip.stream(PERSON)[first:last], clip.layout)


def points_layout(count: int) -> Layout:
    """Return the layout of the stream of so many landmarks."""
    return Layout(0, list(range(5 + 3 * count, 5 + 4 * count)))


def point_stream(points: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the stream of landmarks (T, P, 3), NaN where not seen, whatever they are of: (T, 5 + 4 P).

    Each point is compared to its usual place, its median over the video, in units of the usual shape's size (root mean
    square distance from its middle, in the picture's plane): who it is, and where they stand, matters little. The columns:
    whether anything was seen; the displacement of the whole, which is the median over points, and the log of its size
    against the usual; what is left of each point's displacement, 0 where it is not seen; log(1 + speed) of the points.
    """
    seen = np.isfinite(points[..., :2]).all(-1)  # depth may be missing alone
    points = np.where(seen[..., None], points, np.nan).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # points that are never seen have no median
        usual = np.nanmedian(points, 0)  # (P, 3)
        moved = (points - usual) / _size(usual[None])
        whole = np.nanmedian(moved, 1)  # (T, 3)
        size = np.log(_size(points))
        size -= np.nanmedian(size)
    own = moved - whole[:, None]
    speeds = [speed(point[:, :2], rate_hz) for point in own.transpose(1, 0, 2)]
    parts = [seen.any(1)[:, None], whole, size[:, None], own.reshape(len(own), -1), np.log1p(np.stack(speeds, 1))]
    stream = np.concatenate(parts, 1)
    return np.nan_to_num(stream, nan=0, posinf=LIMIT, neginf=-LIMIT).clip(-LIMIT, LIMIT).astype(np.float32)


def _size(points: np.ndarray) -> np.ndarray:
    """Return the root mean square distance of points (T, P, 3) from their middle, x and y alone, ignoring NaN: (T,)."""
    plane = points[..., :2]
    return np.sqrt(np.nanmean(((plane - np.nanmean(plane, 1, keepdims=True)) ** 2).sum(-1), 1))


#: The layout of ``pixel_stream``.
PIXELS = Layout(0, list(range(1 + 3 * CELLS[0] * CELLS[1], 1 + 4 * CELLS[0] * CELLS[1])))


def pixel_stream(path: str | Path, rate_hz: float) -> np.ndarray:
    """Return the stream of a video's pixels at a rate: (T, 1 + 4 x cells).

    Pictures are made small and grey, and cut into cells. The columns: 1; of each cell the optical flow (Farneback, SCIA 2003)
    to the right and down in cells a second, the mean of its pixels, and the brightness against the cell's median over the
    video; log(1 + speed) of the cells. The first picture has no flow. Raises KinesicsError as ``frames`` does.
    """
    columns, rows = CELLS
    before, found = None, []
    for _, _, picture in frames(path, rate_hz):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, (columns * SIDE, rows * SIDE), interpolation=cv2.INTER_AREA)
        # pyramid of 3 levels, window of 9 pixels, 2 iterations, polynomials of 5 pixels: fast, and enough for a hand
        flow = cv2.calcOpticalFlowFarneback(grey if before is None else before, grey, None, 0.5, 3, 9, 2, 5, 1.1, 0)
        both = np.concatenate([flow * rate_hz / SIDE, grey[..., None] / 64.0], -1)  # (height, width, 3)
        found.append(both.reshape(rows, SIDE, columns, SIDE, 3).mean((1, 3)))
        before = grey
    cells = np.stack(found).reshape(len(found), -1, 3)
    cells[..., 2] -= np.median(cells[..., 2], 0)
    speeds = np.log1p(np.linalg.norm(cells[..., :2], axis=-1))
    stream = np.concatenate([np.ones((len(cells), 1)), cells.reshape(len(cells), -1), speeds], 1)
    return stream.clip(-LIMIT, LIMIT).astype(np.float32)
