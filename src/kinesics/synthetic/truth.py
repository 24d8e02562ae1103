"""The events table and tubes of what was rendered.

When an action can be seen follows from the script, to the instant; where it is follows from the pixels that the renderer
says the person's face, hand or whole body covers. Four files a video:

- ``<video>.csv`` and ``<video>.tubes.parquet``: events and their boxes, as of any other truth (``structures.events``). Of a
  gesture of the hand the box is the acting hand's. An action of which nothing is seen for half a second is no event;
  where a face is not seen for so long, its person is ``off_camera``.
- ``<video>.frames.parquet``, a row a frame and person: ``frame``, ``time_s``, ``person``; boxes ``face_x0..y1``,
  ``left_hand_..``, ``right_hand_..``, ``person_..`` of what is seen, in fractions of the frame, null where nothing is;
  ``face_visible``, ``left_hand_visible``, ``right_hand_visible``, ``person_visible``, the share of the surface towards the
  camera that is seen; and ``landmarks``, the projected points ``body.LANDMARKS`` as x, y in fractions of the frame.
- ``<video>.actions.csv``: the script's actions (``script.ACTION_COLUMNS``), each with its row number ``event`` in the events
  table, if it is there. ``<video>.utterances.csv``: what was said (``script.UTTERANCE_COLUMNS``).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
#: What boxes there are -> the parts of a person that they hold.
REGIONS = {
    "face": ("face",),
    "left_hand": ("left_hand",),
    "right_hand": ("right_hand",),
    "person": PARTS,
}
#: Parts whose pixels may stand for a region's at its edge: a brow's hair does not hide the face.
_ALSO = {"face": ("face", "head", "hair"), "left_hand": ("left_hand",), "right_hand": ("right_hand",), "person": PARTS}
_REGION_COLUMNS = [f"{region}_{column}" for region in REGIONS for column in (*BOX, "visible")]
FRAME_SCHEMA = pa.schema(
    [pa.field("frame", pa.int32()), pa.field("time_s", pa.float64()), pa.field("person", pa.int32())]
    + [pa.field(name, pa.float32()) for name in _REGION_COLUMNS]
    + [pa.field("landmarks", pa.list_(pa.float32()))]
)
#: Rows that are held until they are written.
_GROUP_ROWS = 512
#: Vertices of a region that are looked at to say how much of it is seen.
_PROBES = 150


def observe(ids: np.ndarray, people: list[Posed], camera: Camera) -> list[dict]:
    """Return what is seen of each person, a dict as a row of the frames table, without frame, time and person.

    ``ids`` (H, W) are the renderer's, in which ``people`` are numbered from 0.
    """
    height, width = ids.shape
    found = ndimage.find_objects(ids, max_label=16 * len(people))
    rows = []
    for number, posed in enumerate(people):
        row: dict = {}
        for region, parts in REGIONS.items():
            pieces = [found[16 * number + PARTS.index(part)] for part in parts]
            if box := _extent(pieces, width, height):
                row |= dict(zip([f"{region}_{side}" for side in BOX], box, strict=True))
            points = _facing(posed, _probes(posed.actor, parts), camera, width, height)
            x, y = np.floor(points).astype(int).T
            inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
            seen = ids[y[inside], x[inside]]
            good = np.zeros(256, bool)
            good[[16 * number + 1 + PARTS.index(part) for part in _ALSO[region]]] = True
            row[f"{region}_visible"] = float(good[seen].sum() / len(points)) if len(points) else 0.0
        landmarks, _ = camera.project(posed.vertices[posed.actor.landmarks], width, height)
        row["landmarks"] = (landmarks / (width, height)).astype(np.float32).ravel()
        rows.append(row)
    return rows


def events_of(
    video: str, script: Script, frames: pd.DataFrame, rate_hz: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the events table, the tubes, and the actions with the number of their event (-1: none) in column ``event``.

    ``frames`` is the table of a video's frames. A frame shows the instant at which it begins.
    """
    minimum = max(samples(MIN_S, rate_hz), 1)
    found = []
    for action in script.actions.itertuples():
        mine = frames[frames["person"] == action.person]
        during = mine[(mine["time_s"] >= action.start_s) & (mine["time_s"] < action.end_s)]
        kind = LABELS["box"][action.label]
        if kind == "hands":
            kind = "left_hand" if action.side > 0 else "right_hand"
        found.append(
            (
                action.Index,
                action.person,
                action.label,
                action.start_s,
                min(action.end_s, script.duration_s),
                during,
                kind,
            )
        )
    for person, mine in frames.groupby("person", sort=True):
        for start, stop in runs(mine["face_x0"].isna().to_numpy()):
            times = seconds(np.array([start, stop]), rate_hz).clip(max=script.duration_s)
            found.append((-1, person, "off_camera", *times, mine.iloc[start:stop], "person"))
    rows, tubes = [], []
    for action, person, label, start_s, end_s, during, kind in found:
        boxes = during[[f"{kind}_{side}" for side in BOX]].set_axis(BOX, axis=1)
        seen = boxes.notna().all(axis=1)
        if (len(during) if label == "off_camera" else seen.sum()) < minimum:
            continue
        box = boxes[seen].median() if seen.any() else pd.Series(np.nan, BOX)
        rows.append(
            {"video": video, "person": person, "label": label, "family": FAMILY[label], "start_s": start_s}
            | {"end_s": end_s, "score": 1.0, **box, "action": action}
        )
        tubes.append(boxes[seen].assign(time_s=during["time_s"][seen]))
    actions = script.actions.assign(event=-1)
    if not rows:
        return check_events(pd.DataFrame(columns=["video", "person", "label", "start_s", "end_s"])), _NO_TUBES, actions
    table = pd.DataFrame(rows)
    # Numbered as ``check_events`` will sort them.
    order = table.sort_values(["video", "start_s", "end_s", "person", "label"], kind="stable").index
    events = check_events(table.loc[order].reset_index(drop=True), f"events of {video}")
    for event, row in enumerate(order):
        tubes[row]["event"] = event
        if table["action"][row] >= 0:
            actions.loc[table["action"][row], "event"] = event
    return events, pd.concat([tubes[row] for row in order], ignore_index=True)[TUBE_COLUMNS], actions


@contextmanager
def writing_frames(path: str | Path) -> Iterator[Callable[[list[dict]], None]]:
    """Give a function that adds rows (FRAME_SCHEMA) to the frames table; it appears when the block ends without an error.

    Rows go to disk as they come, so that memory does not grow with the video.
    """
    held: list[dict] = []
    with replacing(path) as temporary, pq.ParquetWriter(temporary, FRAME_SCHEMA, compression="zstd") as writer:

        def add(rows: list[dict]) -> None:
            held.extend(rows)
            if len(held) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(held, FRAME_SCHEMA))
                held.clear()

        yield add
        writer.write_table(pa.Table.from_pylist(held, FRAME_SCHEMA))


def write_truth(video: str, script: Script, rate_hz: float, files: dict[str, Path]) -> None:
    """Write the truth of a video whose frames table is there to the other ``files`` of ``data.truth_files``."""
    frames = pd.read_parquet(files["frames"], columns=["time_s", "person", *_REGION_COLUMNS])
    events, tubes, actions = events_of(video, script, frames, rate_hz)
    write_events_csv(events, files["events"])
    write_tubes(tubes, files["tubes"])
    for name, table in {"actions": actions, "utterances": script.utterances}.items():
        table = table.copy()
        table.insert(0, "video", video)
        with replacing(files[name]) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.4f")


_NO_TUBES = pd.DataFrame(columns=TUBE_COLUMNS, dtype=float)


def _facing(posed: Posed, vertices: np.ndarray, camera: Camera, width: int, height: int) -> np.ndarray:
    """Return the pixels (n, 2) of those vertices that face the camera and are in front of it."""
    points, depth = camera.project(posed.vertices[vertices], width, height)
    towards = np.asarray(camera.position, np.float32) - posed.vertices[vertices]
    return points[(np.einsum("vi,vi->v", towards, posed.normals[vertices]) > 0) & (depth > 0)]


@lru_cache(64)
def _probes(actor: Actor, parts: tuple[str, ...]) -> np.ndarray:
    """Return the vertices that stand for parts of a person: evenly taken from all, at most _PROBES."""
    mine = np.flatnonzero(np.isin(actor.surface.part, [1 + PARTS.index(part) for part in parts]))
    return mine[:: max(len(mine) // _PROBES, 1)]


def _extent(pieces: list, width: int, height: int) -> tuple[float, ...] | None:
    """Return the box about slices (rows, columns) of pixels in fractions of the frame, or None if there are none."""
    pieces = [piece for piece in pieces if piece is not None]
    if not pieces:
        return None
    return (
        min(columns.start for _, columns in pieces) / width,
        min(rows.start for rows, _ in pieces) / height,
        max(columns.stop for _, columns in pieces) / width,
        max(rows.stop for rows, _ in pieces) / height,
    )
