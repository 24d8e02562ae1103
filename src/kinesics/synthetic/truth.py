"""Derive the ground truth of a rendered video: events, tubes, and what is visible of each person in each frame.

The time of an event follows from the script, exactly; its place follows from the pixels that the renderer's ids assign to
the person's face, hand or whole body. Each video has five files (``structures.truth_files``):

- ``<video>.csv`` and ``<video>.tubes.parquet``: events and their boxes, as of any other truth (``structures.events``). The
  box of a hand's action is the acting hand's. An action that is visible in frames of less than half a second in total is
  no event; a person whose face is hidden for half a second or more is ``off_camera``.
- ``<video>.frames.parquet``, one row per frame and person: ``frame``, ``time_s``, ``person``; boxes ``face_x0..y1``,
  ``left_hand_..``, ``right_hand_..``, ``person_..`` of the visible pixels, in fractions of the frame, null where there are
  none; ``face_visible``, ``left_hand_visible``, ``right_hand_visible``, ``person_visible``, the visible share of the
  surface that faces the camera; and ``landmarks``, the projected points ``rig.LANDMARKS`` as x, y in fractions of the frame.
- ``<video>.actions.csv``: the script's actions (``script.ACTION_COLUMNS``), each with its row number ``event`` in the events
  table, -1 if it is no event. ``<video>.utterances.csv``: the script's utterances (``script.UTTERANCE_COLUMNS``).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import ndimage

from kinesics.io.files import replacing
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_events, write_events_csv, write_tubes
from kinesics.structures.timegrid import runs, samples, seconds
from kinesics.structures.vocabulary import FAMILY, LABELS
from kinesics.synthetic.appearance.surfaces import PARTS
from kinesics.synthetic.body import Actor, Posed
from kinesics.synthetic.render import Camera
from kinesics.synthetic.script import Script

#: The shortest event of the coding manual, seconds.
MIN_S = 0.5
#: Region, each with a box -> the parts of a person that it consists of.
REGIONS = {
    "face": ("face",),
    "left_hand": ("left_hand",),
    "right_hand": ("right_hand",),
    "person": PARTS,
}
#: Region -> the parts that do not hide it: the hair of a brow does not hide the face.
_NOT_HIDING = REGIONS | {"face": ("face", "head", "hair")}
_REGION_COLUMNS = [f"{region}_{column}" for region in REGIONS for column in (*BOX, "visible")]
FRAME_SCHEMA = pa.schema(
    [pa.field("frame", pa.int32()), pa.field("time_s", pa.float64()), pa.field("person", pa.int32())]
    + [pa.field(name, pa.float32()) for name in _REGION_COLUMNS]
    + [pa.field("landmarks", pa.list_(pa.float32()))]
)
#: Rows of the frames table that are written at once.
_GROUP_ROWS = 512
#: About how many vertices the visible share of a region is estimated from.
_PROBES = 150
_NO_TUBES = pd.DataFrame(columns=TUBE_COLUMNS, dtype=float)


def observe(ids: np.ndarray, people: list[Posed], camera: Camera) -> list[dict]:
    """Return one row of the frames table per person, without frame, time and person: boxes, visible shares and landmarks.

    ``ids`` (H, W) are the renderer's, in which ``people`` are numbered from 0.
    """
    height, width = ids.shape
    slices = ndimage.find_objects(ids, max_label=16 * len(people))
    rows = []
    for number, posed in enumerate(people):
        row: dict = {}
        for region, parts in REGIONS.items():
            if box := _extent([slices[16 * number + PARTS.index(part)] for part in parts], width, height):
                row |= dict(zip([f"{region}_{side}" for side in BOX], box, strict=True))
            points = _facing(posed, _probes(posed.actor, parts), camera, width, height)
            own_ids = [16 * number + 1 + PARTS.index(part) for part in _NOT_HIDING[region]]
            row[f"{region}_visible"] = _visible_share(points, ids, own_ids)
        landmarks, _ = camera.project(posed.vertices[posed.actor.landmarks], width, height)
        row["landmarks"] = (landmarks / (width, height)).astype(np.float32).ravel()
        rows.append(row)
    return rows


@dataclass(frozen=True)
class _Candidate:
    """A possible event: the index of its action in the script (-1: none), and the frames in which it takes place."""

    action: int
    person: int
    label: str
    start_s: float
    end_s: float
    frames: pd.DataFrame
    region: str


def derive_events(
    video: str, script: Script, frames: pd.DataFrame, rate_hz: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the events table, the tubes, and the actions with the number of their event (-1: none) in column ``event``.

    ``frames`` is the table of a video's frames. A frame shows the instant at which it begins.
    """
    minimum = max(samples(MIN_S, rate_hz), 1)
    rows, tubes = [], []
    for candidate in [*_scripted(script, frames), *_off_camera(script, frames, rate_hz)]:
        boxes = candidate.frames[[f"{candidate.region}_{side}" for side in BOX]].set_axis(BOX, axis=1)
        visible = boxes.notna().all(axis=1)
        if (len(boxes) if candidate.label == "off_camera" else visible.sum()) < minimum:
            continue
        box = boxes[visible].median() if visible.any() else pd.Series(np.nan, BOX)
        row = {name: getattr(candidate, name) for name in ("action", "person", "label", "start_s", "end_s")}
        rows.append(row | {"video": video, "family": FAMILY[candidate.label], "score": 1.0, **box})
        tubes.append(boxes[visible].assign(time_s=candidate.frames["time_s"][visible]))
    actions = script.actions.assign(event=-1)
    if not rows:
        return check_events(pd.DataFrame(columns=["video", "person", "label", "start_s", "end_s"])), _NO_TUBES, actions
    table = pd.DataFrame(rows)
    # The order in which ``check_events`` sorts them.
    order = table.sort_values(["video", "start_s", "end_s", "person", "label"], kind="stable").index
    events = check_events(table.loc[order].reset_index(drop=True), f"events of {video}")
    for event, candidate in enumerate(order):
        tubes[candidate]["event"] = event
        if table["action"][candidate] >= 0:
            actions.loc[table["action"][candidate], "event"] = event
    return events, pd.concat([tubes[candidate] for candidate in order], ignore_index=True)[TUBE_COLUMNS], actions


def _scripted(script: Script, frames: pd.DataFrame) -> Iterator[_Candidate]:
    """Yield a candidate per action of a script."""
    for action in script.actions.itertuples():
        own = frames[frames["person"] == action.person]
        during = own[(own["time_s"] >= action.start_s) & (own["time_s"] < action.end_s)]
        region = LABELS["box"][action.label]
        if region == "hands":
            region = "left_hand" if action.side > 0 else "right_hand"
        end_s = min(action.end_s, script.duration_s)
        yield _Candidate(action.Index, action.person, action.label, action.start_s, end_s, during, region)


def _off_camera(script: Script, frames: pd.DataFrame, rate_hz: float) -> Iterator[_Candidate]:
    """Yield a candidate per run of frames in which no pixel of a person's face is visible."""
    for person, own in frames.groupby("person", sort=True):
        for start, stop in runs(own["face_x0"].isna().to_numpy()):
            times = seconds(np.array([start, stop]), rate_hz).clip(max=script.duration_s)
            yield _Candidate(-1, person, "off_camera", *times, own.iloc[start:stop], "person")


@contextmanager
def open_frames_table(path: str | Path) -> Iterator[Callable[[list[dict]], None]]:
    """Give a function that adds rows (FRAME_SCHEMA) to a new frames table.

    The file appears when the block ends without an error. Rows are written in groups, so that memory does not grow with
    the video.
    """
    pending: list[dict] = []
    with replacing(path) as temporary, pq.ParquetWriter(temporary, FRAME_SCHEMA, compression="zstd") as writer:

        def add(rows: list[dict]) -> None:
            pending.extend(rows)
            if len(pending) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(pending, FRAME_SCHEMA))
                pending.clear()

        yield add
        writer.write_table(pa.Table.from_pylist(pending, FRAME_SCHEMA))


def write_truth(video: str, script: Script, rate_hz: float, files: dict[str, Path]) -> None:
    """Write the truth of a video: all ``files`` of ``structures.truth_files`` but the frames table, which must exist."""
    frames = pd.read_parquet(files["frames"], columns=["time_s", "person", *_REGION_COLUMNS])
    events, tubes, actions = derive_events(video, script, frames, rate_hz)
    write_events_csv(events, files["events"])
    write_tubes(tubes, files["tubes"])
    for name, table in {"actions": actions, "utterances": script.utterances}.items():
        table = table.copy()
        table.insert(0, "video", video)
        with replacing(files[name]) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.4f")


def _visible_share(points: np.ndarray, ids: np.ndarray, own_ids: list[int]) -> float:
    """Return the share of points (n, 2), in pixels, at which ``ids`` has one of these ids; 0 without points."""
    height, width = ids.shape
    x, y = np.floor(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    own = np.zeros(256, bool)
    own[own_ids] = True
    return float(own[ids[y[inside], x[inside]]].sum() / len(points)) if len(points) else 0.0


def _facing(posed: Posed, vertices: np.ndarray, camera: Camera, width: int, height: int) -> np.ndarray:
    """Return the projections (n, 2), in pixels, of those vertices that face the camera and are in front of it."""
    points, depth = camera.project(posed.vertices[vertices], width, height)
    towards = np.asarray(camera.position, np.float32) - posed.vertices[vertices]
    return points[(np.einsum("vi,vi->v", towards, posed.normals[vertices]) > 0) & (depth > 0)]


@lru_cache(64)
def _probes(actor: Actor, parts: tuple[str, ...]) -> np.ndarray:
    """Return vertices of parts of a person, evenly spaced in their order: about _PROBES of them."""
    vertices = np.flatnonzero(np.isin(actor.surface.part, [1 + PARTS.index(part) for part in parts]))
    return vertices[:: max(len(vertices) // _PROBES, 1)]


def _extent(pieces: list, width: int, height: int) -> tuple[float, ...] | None:
    """Return the box around slices (rows, columns) of pixels, in fractions of the frame, or None if there are none."""
    pieces = [piece for piece in pieces if piece is not None]
    if not pieces:
        return None
    return (
        min(columns.start for _, columns in pieces) / width,
        min(rows.start for rows, _ in pieces) / height,
        max(columns.stop for _, columns in pieces) / width,
        max(rows.stop for rows, _ in pieces) / height,
    )
