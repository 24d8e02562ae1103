"""The measures table: what was measured of each person in each frame, as numbers with a name and a unit.

``MEASURES`` describes every column. Missing values are null: a part that was not detected, or cannot be seen. Left and right
are the person's own; places are fractions of the upright frame (x right, y down).

Action units are approximate: the mean of the blend-shape coefficients whose definition in ARKit is that of the unit in FACS
(``action_units.csv``, after Ozel 2021, *ARKit to FACS*). They were not calibrated against FACS coders, and their scale is not
FACS intensity.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.io.files import replacing
from kinesics.io.package_data import package_file
from kinesics.signals.facemesh import (
    CHIN,
    EYE_INNER,
    EYE_OUTER,
    FOREHEAD,
    IRIS,
    LIP_LOW_IN,
    LIP_UP_IN,
    LOWER_LID,
    SHOULDERS,
    SIDES,
    UPPER_LID,
    WRIST,
)
from kinesics.structures.tracks import BLENDSHAPES, FACE_BOX, PERSON_BOX, SCORES, VISIBLE, array_column

with package_file("kinesics.signals", "action_units.csv").open(encoding="utf-8") as _file:
    #: unit, its name in FACS, the blend shapes (separated by blanks) of which it is the mean.
    ACTION_UNITS: pd.DataFrame = pd.read_csv(_file)

# Mesh points of each eye: outer and inner corner, upper and lower lid, middle of the iris.
_EYES = {
    side: (EYE_OUTER[k], EYE_INNER[k], UPPER_LID[k], LOWER_LID[k], IRIS[k])
    for side, k in (("left", SIDES.index("left")), ("right", SIDES.index("right")))
}

#: Name of each column: unit and meaning.
MEASURES: dict[str, tuple[str, str]] = {
    "frame": ("", "number of the sampled frame, from 0"),
    "time_s": ("s", "time of the frame"),
    "person": ("", "id of the person, from 0"),
    "shot": ("", "number of the shot between cuts, from 0"),
    **dict.fromkeys(SCORES, ("0 to 1", "confidence of the detection")),
    **dict.fromkeys(FACE_BOX, ("frame", "box of the face")),
    **dict.fromkeys(PERSON_BOX, ("frame", "box of the visible person")),
    "head_yaw_deg": ("degree", "rotation about the vertical, positive when the person turns to the own left"),
    "head_pitch_deg": ("degree", "rotation about the line of the ears, positive when the chin goes down"),
    "head_roll_deg": ("degree", "rotation about the line of sight, positive when the head leans to the own left"),
    **{f"head_{axis}_cm": ("cm", f"place of the head before the camera, {text}; assumes a field of view of 63 degrees")
       for axis, text in (("x", "to the right"), ("y", "up"), ("z", "towards the camera, negative"))},
    **{f"{side}_eye_opening": ("eye width", "distance of the lids") for side in _EYES},
    "gaze_x": ("eye width", "iris against the middle of the eye, both eyes, positive to the own left; relative to the head"),
    "gaze_y": ("eye width", "the same, positive down"),
    "mouth_opening": ("face height", "distance of the inner lips"),
    "shoulders_x": ("frame", "middle of the shoulders"),
    "shoulders_y": ("frame", "middle of the shoulders"),
    "shoulder_width": ("frame height", "distance of the shoulders"),
    **{f"{side}_wrist_{axis}": ("frame", "wrist of a detected hand") for side in ("left", "right") for axis in "xy"},
    **{f"{side}_hand_at_face": ("0 to 1", "share of the hand's landmarks in the box of the face")
       for side in ("left", "right")},
    **{name: ("0 to 1", "facial action, coefficient of ARKit's blend shape") for name in BLENDSHAPES if name != "_neutral"},
    **{unit: ("0 to 1", f"action unit, approximate: {name}") for unit, name, _ in ACTION_UNITS.itertuples(index=False)},
}  # fmt: skip

_READ = ("face", "pose", "left_hand", "right_hand", "blendshapes", "head_matrix")
_KEPT = ["frame", "time_s", "person", "shot", *SCORES, *FACE_BOX, *PERSON_BOX]


def write_measures(tracks: str | Path, path: str | Path, csv: bool = False) -> None:
    """Write the measures of a tracks file as Parquet, or as CSV with four decimals, in constant memory.

    Rows are in the order of the file: by frame, then person.
    """
    with replacing(path) as temporary:
        if csv:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                for number, table in enumerate(_read(tracks)):
                    table.to_csv(file, index=False, header=number == 0, float_format="%.4f", lineterminator="\n")
            return
        schema = _schema()
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for table in _read(tracks):
                writer.write_table(pa.Table.from_pandas(table, schema, preserve_index=False))


def _schema() -> pa.Schema:
    whole = {"frame": pa.int32(), "person": pa.int32(), "shot": pa.int32(), "time_s": pa.float64()}
    fields = [
        pa.field(name, whole.get(name, pa.float32()), metadata={"unit": unit, "description": text})
        for name, (unit, text) in MEASURES.items()
    ]
    return pa.schema(fields)


def _read(tracks: str | Path) -> Iterator[pd.DataFrame]:
    """Yield the measures of each row group, at least one table."""
    with pq.ParquetFile(tracks) as file:
        info = _size(file)
        if not file.num_row_groups:
            yield pd.DataFrame(columns=list(MEASURES))
        for group in range(file.num_row_groups):
            yield measure(file.read_row_group(group), *info)


def _size(file: pq.ParquetFile) -> tuple[int, int]:
    info = json.loads((file.metadata.metadata or {})[b"kinesics"])
    return info["width"], info["height"]


def measure(rows: pa.Table, width: int, height: int) -> pd.DataFrame:
    """Return the measures of rows of a tracks table of a video of ``width`` x ``height`` pixels: columns ``MEASURES``."""
    size = np.array([width, height], float)
    arrays = {name: array_column(rows, name).astype(float) for name in _READ}
    mesh = arrays["face"][..., :2] * size
    out = {name: rows[name].to_pandas() for name in _KEPT}
    out |= head_measures(arrays["head_matrix"]) | _eye_measures(mesh)
    out["mouth_opening"] = _distance(mesh, LIP_UP_IN, LIP_LOW_IN) / _distance(mesh, FOREHEAD, CHIN)
    out |= _body_measures(arrays["pose"], size) | _hand_measures(arrays, rows)
    actions = dict(zip(BLENDSHAPES, arrays["blendshapes"].T, strict=True))
    out |= actions
    for unit, _, names in ACTION_UNITS.itertuples(index=False):
        out[unit] = np.mean([actions[name] for name in names.split()], axis=0)
    return pd.DataFrame({name: out[name] for name in MEASURES})


def head_measures(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return yaw, pitch and roll in degrees and x, y, z in cm of head matrices (N, 4, 4): each (N,), NaN without a matrix.

    The rotation is R = Ry(yaw) Rx(pitch) Rz(roll) in the camera's coordinates (x right, y up, z towards the camera), in which
    a person who faces the camera has the identity; the person's own left is the camera's right.
    """
    r = matrix[:, :3, :3] / np.linalg.norm(matrix[:, :3, :3], axis=1, keepdims=True)
    yaw = np.arctan2(r[:, 0, 2], r[:, 2, 2])
    pitch = np.arcsin(np.clip(-r[:, 1, 2], -1, 1))
    roll = np.arctan2(r[:, 1, 0], r[:, 1, 1])
    angles = {"head_yaw_deg": yaw, "head_pitch_deg": pitch, "head_roll_deg": -roll}
    places = {f"head_{axis}_cm": matrix[:, k, 3] for k, axis in enumerate("xyz")}
    return {name: np.degrees(value) for name, value in angles.items()} | places


def _eye_measures(mesh: np.ndarray) -> dict[str, np.ndarray]:
    """Return opening of the eyes and gaze from meshes (N, 478, 2) in pixels."""
    out, gaze = {}, []
    for side, (outer, inner, upper, lower, iris) in _EYES.items():
        # The person's own left is on the right of the image: from the right corner to the left one.
        begin, end = (mesh[:, inner], mesh[:, outer]) if side == "left" else (mesh[:, outer], mesh[:, inner])
        along = end - begin
        width = np.linalg.norm(along, axis=1)
        across = np.stack([-along[:, 1], along[:, 0]], 1)
        offset = mesh[:, iris] - (begin + end) / 2
        gaze.append([np.sum(offset * axis, 1) / width**2 for axis in (along, across)])
        out[f"{side}_eye_opening"] = _distance(mesh, upper, lower) / width
    return out | dict(zip(("gaze_x", "gaze_y"), np.mean(gaze, axis=0), strict=True))


def _body_measures(pose: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
    """Return place and width of the shoulders from poses (N, 33, 4), NaN where one of them is not visible."""
    left, right = (np.where(pose[:, [k], 3] >= VISIBLE, pose[:, k, :2], np.nan) for k in reversed(SHOULDERS))
    middle = (left + right) / 2
    width = np.linalg.norm((left - right) * size, axis=1) / size[1]
    return {"shoulders_x": middle[:, 0], "shoulders_y": middle[:, 1], "shoulder_width": width}


def _hand_measures(arrays: dict[str, np.ndarray], rows: pa.Table) -> dict[str, np.ndarray]:
    """Return the wrists, and the share of each hand in the box of the face, NaN without a hand or a face."""
    face = np.stack([rows[name].to_numpy() for name in FACE_BOX], 1)[:, None]
    out = {}
    for side in ("left", "right"):
        hand = arrays[f"{side}_hand"][..., :2]
        out |= {f"{side}_wrist_x": hand[:, WRIST, 0], f"{side}_wrist_y": hand[:, WRIST, 1]}
        inside = ((hand >= face[..., :2]) & (hand <= face[..., 2:])).all(-1).mean(-1)
        out[f"{side}_hand_at_face"] = np.where(np.isnan(hand[:, 0, 0]) | np.isnan(face[:, 0, 0]), np.nan, inside)
    return out


def _distance(mesh: np.ndarray, one: int, other: int) -> np.ndarray:
    return np.linalg.norm(mesh[:, one] - mesh[:, other], axis=1)
