"""The tracks table: a Parquet row per sampled frame and person, with boxes, landmarks and their confidence.

Coordinates are fractions of the upright frame (x right, y down), times in seconds. Missing values are null.

``frame`` int32, sample number k (time k / rate_hz); ``time_s``; ``person`` int32, stable over the video;
``face_score``, ``person_score``, ``left_hand_score``, ``right_hand_score`` in [0, 1];
``face_x0..y1`` the face's box, ``person_x0..y1`` the box of the whole visible person;
``face`` 478 x (x, y, z) mesh, its last ten points the irises; ``pose`` 33 x (x, y, z, visibility); ``pose_world``
33 x (x, y, z, visibility) in metres about the hips' middle; ``left_hand`` and ``right_hand`` 21 x (x, y, z). Left and
right are the person's own. Bodies are detected five times a second and interpolated in a straight line between
(``perception.people.POSE_S``), never extrapolated. ``blendshapes`` 52 coefficients of facial actions in [0, 1], named by
``BLENDSHAPES``; ``head_matrix`` 4 x 4, MediaPipe's facial transformation matrix: rotation, and place in centimetres, of
the head in the coordinates of a camera that looks along -z (x right, y up) with a vertical field of view of 63 degrees.
``shot`` int32 counts the takes between cuts, 0 where cuts were not detected.
"""

import json
import math
import shlex
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.structures.timegrid import samples

#: Landmark groups: number of points, numbers per point.
LANDMARKS = {"face": (478, 3), "pose": (33, 4), "pose_world": (33, 4), "left_hand": (21, 3), "right_hand": (21, 3)}
#: The facial actions of ARKit, in MediaPipe's order.
BLENDSHAPES = (
    *("_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)
#: All columns that are arrays, with their shapes.
ARRAYS: dict[str, tuple[int, ...]] = {**LANDMARKS, "blendshapes": (len(BLENDSHAPES),), "head_matrix": (4, 4)}
#: Visibility from which a pose landmark counts as visible.
VISIBLE = 0.5
SCORES = ["face_score", "person_score", "left_hand_score", "right_hand_score"]
FACE_BOX = ["face_x0", "face_y0", "face_x1", "face_y1"]
PERSON_BOX = ["person_x0", "person_y0", "person_x1", "person_y1"]

SCHEMA = pa.schema(
    [pa.field("frame", pa.int32()), pa.field("time_s", pa.float64())]
    + [pa.field(name, pa.int32()) for name in ("person", "shot")]
    + [pa.field(name, pa.float32()) for name in [*SCORES, *FACE_BOX, *PERSON_BOX]]
    + [pa.field(name, pa.list_(pa.float32(), math.prod(shape))) for name, shape in ARRAYS.items()]
)


@dataclass(frozen=True)
class Tracks:
    """The tracks of one video. ``table`` is sorted by person, then frame.

    In those of ``open_tracks``, ``table`` lacks the columns of ``ARRAYS``: they stay in the file ``source``, and are read when
    they are needed. ``video_stream`` is the number of the stream of images, where the video has others;
    ``damaged_after_s`` is set for a damaged video, and is the time up to which it is whole.
    """

    video: str
    rate_hz: float
    duration_s: float
    width: int
    height: int
    table: pa.Table = field(repr=False)
    video_stream: int | None = None
    damaged_after_s: float | None = None
    source: Path | None = field(default=None, repr=False)

    @property
    def frames(self) -> int:
        """The number of sampled frames, with or without people."""
        return samples(self.duration_s, self.rate_hz)

    @property
    def persons(self) -> list[int]:
        """The ids of the tracked people, ascending."""
        return sorted(set(self.table["person"].to_pylist()))

    def dense(self, person: int, column: str | list[str]) -> np.ndarray:
        """Return a column on the regular grid of frames, NaN where the person or the part is missing.

        Shape (frames, points, size) for landmarks, (frames, 52) for blend shapes, (frames, 4, 4) for the head's matrix,
        (frames,) for one number, (frames, n) for a list of n columns.
        """
        if isinstance(column, list):
            return np.stack([self.dense(person, name) for name in column], 1)
        if column in ARRAYS:
            return self.reduced(person, column, lambda values: values)
        rows = self.table.filter(pa.compute.equal(self.table["person"], person))
        out = np.full(self.frames, np.nan, np.float32)
        out[rows["frame"].to_numpy()] = rows[column].to_numpy()
        return out

    def reduced(self, person: int, column: str, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return what a function makes of each row of a column of ``ARRAYS``, on the grid of frames, NaN where it is missing.

        ``function`` turns float32 (rows, ...) into numbers (rows, ...), each row by itself: of a file it is given some rows at
        a time, so that a long video's landmarks are never held at once. Shape of the result: (frames, ...).
        """
        none = function(np.empty((0, *ARRAYS[column]), np.float32))
        out = np.full((self.frames, *none.shape[1:]), np.nan, none.dtype)
        for part in self._parts(column):
            rows = part.filter(pa.compute.equal(part["person"], person))
            out[rows["frame"].to_numpy()] = function(array_column(rows, column))
        return out

    def _parts(self, column: str) -> Iterator[pa.Table]:
        """Yield tables that together hold the frames, the people and a column of ``ARRAYS``."""
        if self.source is None:
            yield self.table
            return
        with _reading(self.source), pq.ParquetFile(self.source, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=["frame", "person", column])


def array_column(rows: pa.Table, column: str) -> np.ndarray:
    """Return a column of ``ARRAYS`` of some rows of a tracks table: float32 (rows, ...), NaN where it is null."""
    shape = ARRAYS[column]
    out = np.full((rows.num_rows, *shape), np.nan, np.float32)
    values = rows[column].combine_chunks()
    valid = ~np.asarray(values.is_null())
    out[valid] = values.filter(pa.array(valid)).flatten().to_numpy(zero_copy_only=False).reshape(-1, *shape)
    return out


class TracksWriter:
    """Write tracks row group by row group, so that memory does not grow with the video.

    Use as a context manager; the file appears under its name only when the block ends without an error.
    """

    def __init__(  # noqa: PLR0913 - the last two are of few videos
        self,
        path: str | Path,
        video: str,
        rate_hz: float,
        width: int,
        height: int,
        group_rows: int = 256,
        *,
        video_stream: int | None = None,
        damaged_after_s: float | None = None,
    ):
        self._video, self._rate = video, rate_hz
        self.width, self.height = width, height
        self._optional = {"video_stream": video_stream, "damaged_after_s": damaged_after_s}
        self._group_rows = group_rows
        self._rows: list[dict[str, object]] = []
        self._replacing = replacing(path)
        self._temporary = self._replacing.__enter__()
        try:
            self._writer = pq.ParquetWriter(self._temporary, SCHEMA, compression="zstd", write_page_checksum=True)
        except OSError as full:
            self._replacing.__exit__(type(full), full, full.__traceback__)
            raise

    def __enter__(self) -> "TracksWriter":
        return self

    def add(self, row: Mapping[str, object]) -> None:
        """Add a row, in the order of time: keys are the columns; arrays have the shapes of ``ARRAYS``, or are None."""
        self._rows.append({name: _plain(row.get(name)) for name in SCHEMA.names} | {"shot": row.get("shot", 0)})
        if len(self._rows) >= self._group_rows:
            self._flush()

    def close(self, duration_s: float) -> None:
        """Write the last rows and the video info; ``duration_s`` is known only when the last frame was read."""
        self._flush()
        info = {
            "video": self._video,
            "rate_hz": self._rate,
            "duration_s": duration_s,
            "width": self.width,
            "height": self.height,
        } | {name: value for name, value in self._optional.items() if value is not None}
        self._writer.add_key_value_metadata({"kinesics": json.dumps(info, sort_keys=True)})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._writer.close()
        except OSError as full:
            if error is None:
                kind, error, trace = type(full), full, full.__traceback__
        self._replacing.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self._rows:
            columns = [_column(field, [row[field.name] for row in self._rows]) for field in SCHEMA]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=SCHEMA))
            self._rows = []


def remap_ids(source: str | Path, path: str | Path, ids: Mapping[int, int]) -> None:
    """Copy a tracks file, row group by row group, with the new ids ``ids[old]`` of people; those without one are left out.

    Where one person gets several rows of a frame, the one with the largest face stays.
    """
    file = pq.ParquetFile(source)
    old = pa.array(list(ids), pa.int32())
    new = pa.array(list(ids.values()), pa.int32())
    place = SCHEMA.get_field_index("person")
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, SCHEMA, compression="zstd", write_page_checksum=True) as writer,
    ):
        held = SCHEMA.empty_table()  # rows of the last frame, of which the next group may have more
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=SCHEMA.names).replace_schema_metadata(None)
            table = table.filter(pa.compute.is_in(table["person"], old))
            person = new.take(pa.compute.index_in(table["person"].combine_chunks(), old))
            table = pa.concat_tables([held, table.set_column(place, SCHEMA.field(place), person)])
            complete = pa.compute.less(table["frame"], pa.compute.max(table["frame"]))
            held = table.filter(pa.compute.invert(complete))
            writer.write_table(_one_row_each(table.filter(complete)))
        writer.write_table(_one_row_each(held))
        writer.add_key_value_metadata({"kinesics": file.metadata.metadata[b"kinesics"]})


def _one_row_each(table: pa.Table) -> pa.Table:
    """Return the rows sorted by frame and person, of several of both the one with the largest face."""
    frame, person = (table[name].to_numpy() for name in ("frame", "person"))
    x0, y0, x1, y1 = (table[name].to_numpy() for name in FACE_BOX)
    area = np.nan_to_num((x1 - x0) * (y1 - y0), nan=-1)
    order = np.lexsort((-area, person, frame))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(frame[order]) != 0) | (np.diff(person[order]) != 0)
    return table.take(pa.array(order[first]))


def read_tracks(path: str | Path) -> Tracks:
    """Read a tracks file. Raises KinesicsError, naming the file, if it is none."""
    return _read(path, SCHEMA.names)


def open_tracks(path: str | Path) -> Tracks:
    """Read a tracks file except for its landmarks, 99 % of it, which ``Tracks`` reads from it when they are needed.

    The file has to stay as it is until then. Raises KinesicsError as ``read_tracks`` does, for damaged landmarks later.
    """
    return _read(path, [name for name in SCHEMA.names if name not in ARRAYS], Path(path))


def _read(path: str | Path, columns: list[str], source: Path | None = None) -> Tracks:
    with _reading(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        metadata: dict[bytes, bytes] = file.metadata.metadata or {}
        info: dict[str, Any] = json.loads(metadata[b"kinesics"])
        there = file.schema_arrow
        same = pa.schema([there.field(name) for name in SCHEMA.names if name in there.names]).equals(SCHEMA)
        table = (
            file.read(columns=columns)
            .replace_schema_metadata(None)
            .sort_by([("person", "ascending"), ("frame", "ascending")])
        )
    if not same:
        raise KinesicsError(f"{path}: its columns are not those of this version: make it again with kinesics track")
    names = {"video", "rate_hz", "duration_s", "width", "height"}
    numbers = [info.get(name) for name in sorted(names - {"video"})]
    if set(info) - {"video_stream", "damaged_after_s"} != names or not all(
        isinstance(number, int | float) and 0 < number < np.inf for number in numbers
    ):
        raise KinesicsError(f"{path}: its video info is invalid: {info}; make it again with kinesics track")
    tracks = Tracks(table=table, source=source, **info)
    _check_rows(tracks, path)
    return tracks


@contextmanager
def _reading(path: str | Path) -> Generator[None]:
    """Turn what reading a tracks file raises into KinesicsError naming it."""
    try:
        yield
    except FileNotFoundError:
        command = f"kinesics track VIDEO --out {shlex.quote(str(path))}"
        raise KinesicsError(f"{path}: no such file; make it with: {command}") from None
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise KinesicsError(f"{path}: not a tracks file of kinesics, or damaged: {error}") from None


def _check_rows(tracks: Tracks, path: str | Path) -> None:
    """Raise KinesicsError, naming the file, if a row has no frame or person, or an invalid or repeated frame."""
    table = tracks.table
    if table["frame"].null_count or table["person"].null_count:
        raise KinesicsError(f"{path}: a row has no frame or no person: make it again with kinesics track")
    frame, person = table["frame"].to_numpy(), table["person"].to_numpy()
    if (outside := frame[(frame < 0) | (frame >= tracks.frames)]).size:
        raise KinesicsError(
            f"{path}: frame {outside[0]} is not one of the {tracks.frames} of a video of {tracks.duration_s} s "
            f"at {tracks.rate_hz} Hz"
        )
    if (double := np.flatnonzero((np.diff(frame) == 0) & (np.diff(person) == 0))).size:
        raise KinesicsError(f"{path}: frame {frame[double[0]]} has two rows of person {person[double[0]]}")


def _plain(value: object) -> object:
    """Return a value as pyarrow takes it: None for NaN, arrays as one row of float32."""
    if value is None or (np.isscalar(value) and value != value):
        return None
    if isinstance(value, np.ndarray):
        return value.astype(np.float32).ravel()
    return value


def _column(field: pa.Field, values: list[Any]) -> pa.Array:
    """Return a column of plain values; arrays are joined, which is much faster than pyarrow's way through lists."""
    if field.name not in ARRAYS:
        return pa.array(values, field.type)
    size = math.prod(ARRAYS[field.name])
    missing = np.array([value is None for value in values])
    flat = np.zeros((len(values), size), np.float32)
    if not missing.all():
        flat[~missing] = np.stack([value for value in values if value is not None])
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), type=field.type, mask=pa.array(missing))
