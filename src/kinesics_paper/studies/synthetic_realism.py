"""Measure how networks that were trained on real faces perform on the synthetic data.

Three tables: how many faces are detected, how far landmarks lie from the truth, and what the expression network outputs for
each expression at its apex. The truth is projected geometry (``synthetic.truth``); nothing is fitted to the outputs.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from kinesics.encoders import fer
from kinesics.errors import KinesicsError
from kinesics.structures.features import Features, read_features
from kinesics.structures.timegrid import index, seconds
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics.structures.vocabulary import FAMILY
from kinesics.synthetic.rig import LANDMARKS

#: Named point -> points of MediaPipe's face mesh whose mean it is; of the lips and eyes those of its MESH_ANNOTATIONS
#: (Kartynnik et al. 2019, arXiv:1907.06724). A brow is the middle of the two lines about it.
MESH = {
    "left_eye_outer": (263,),
    "right_eye_outer": (33,),
    "left_eye_inner": (362,),
    "right_eye_inner": (133,),
    "left_lid_upper_inner": (385,),
    "right_lid_upper_inner": (158,),
    "left_lid_upper": (386,),
    "right_lid_upper": (159,),
    "left_lid_upper_outer": (387,),
    "right_lid_upper_outer": (160,),
    "left_lid_lower_inner": (380,),
    "right_lid_lower_inner": (153,),
    "left_lid_lower": (374,),
    "right_lid_lower": (145,),
    "left_lid_lower_outer": (373,),
    "right_lid_lower_outer": (144,),
    "left_brow_inner": (336, 285),
    "right_brow_inner": (107, 55),
    "left_brow_middle": (334, 282),
    "right_brow_middle": (105, 52),
    "left_brow_outer": (300, 276),
    "right_brow_outer": (70, 46),
    "nose_tip": (1,),
    "nose_base": (2,),
    "left_nostril": (327,),
    "right_nostril": (98,),
    "left_mouth_corner": (291,),
    "right_mouth_corner": (61,),
    "lip_upper": (0,),
    "lip_lower": (17,),
    "left_lip_peak": (267,),
    "right_lip_peak": (37,),
    "left_lip_upper_side": (270,),
    "right_lip_upper_side": (40,),
    "left_lip_lower_side": (405,),
    "right_lip_lower_side": (181,),
    "lip_upper_rim": (13,),
    "lip_lower_rim": (14,),
    "chin": (152,),
}
#: Groups of points by a part of their name.
GROUPS = {
    "eyes": ("eye", "lid"),
    "brows": ("brow",),
    "nose": ("nose", "nostril"),
    "mouth": ("mouth", "lip"),
    "chin": ("chin",),
}
#: A face is unoccluded from this share of its surface on, and frontal while the tip of its nose is off the middle of the
#: outer corners of the eyes by no more than this share of their distance: a turn of some 20 degrees.
UNOCCLUDED, FRONTAL = 0.9, 0.25
#: A mesh belongs to a face if its points are off by less than this share of the distance between the eyes, on average.
NEAR = 1.0
#: A mesh that is off by more than this share of the distance between the eyes has failed, as on 300-W.
FAILED = 0.1
#: Frames of a person without an expression for this long, before and after, at most one each so many seconds, are neutral.
NEUTRAL_S = 1.0

_NAMES = list(LANDMARKS)
_OUTER = [_NAMES.index("right_eye_outer"), _NAMES.index("left_eye_outer")]


def realism(
    videos: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    actions: Mapping[str, pd.DataFrame],
    tracks: Mapping[str, Tracks],
    features: Mapping[str, Features],
) -> dict[str, list[dict]]:
    """Return the tables ``detection``, ``landmarks`` and ``expressions``, each as rows.

    ``videos`` is the table of the synthetic videos (``synthetic.dataset.COLUMNS``); of each of them ``frames`` and
    ``actions`` are the truth's tables, ``tracks`` those of the video, and ``features`` those of ``fer``.

    - ``detection``: of unoccluded frontal faces, how many were detected, by shot at severity 0 and by perturbation and
      severity.
    - ``landmarks``: of faces detected at severity 0, by shot and group of points, the distance to the truth: mean over
      points, then mean, median and 90th percentile over faces; in shares of the distance of the eyes' outer corners (the
      normalised mean error of 300-W; Sagonas et al. 2013), and its mean in pixels; and the share of faces above FAILED.
    - ``expressions``: at severity 0 and the apex of each expression, by expression (``display``) and output label, how
      often that label was the likeliest of ``fer.LABELS`` and its mean probability; ``neutral`` are frames long without an
      expression.

    Raises KinesicsError if a video's tables are missing, or its truth has other landmarks than ``rig.LANDMARKS``.
    """
    faces_of_videos, outputs = [], []
    for row in videos.itertuples():
        for name, tables in {"frames": frames, "actions": actions, "tracks": tracks, "features": features}.items():
            if row.video not in tables:
                raise KinesicsError(f"realism: {row.video}: no {name}")
        faces = _faces(row.video, frames[row.video], tracks[row.video])
        info = {"video": row.video, "shot": row.shot, "perturbation": row.perturbation or "", "severity": row.severity}
        faces_of_videos.append(faces.assign(**info))
        if row.severity == 0:
            outputs.append(_outputs(faces, actions[row.video], features[row.video]))
    faces = pd.concat(faces_of_videos, ignore_index=True)
    return {
        "detection": _detection(faces),
        "landmarks": _landmarks(faces[(faces["severity"] == 0) & faces["counted"] & faces["found"]]),
        "expressions": _expressions(pd.concat(outputs, ignore_index=True) if outputs else pd.DataFrame()),
    }


def measure_realism(
    videos: str | Path,
    frames: Sequence[str | Path],
    actions: Sequence[str | Path],
    tracks: Sequence[str | Path],
    features: Sequence[str | Path],
) -> dict[str, Any]:
    """Return ``realism`` of files.

    ``videos`` is the table of the videos; the others are one file per video in its order: true boxes and landmarks,
    scripted actions, tracks, and features of ``fer``.
    """
    table = pd.read_csv(videos, keep_default_na=False)

    def by_video(read: Callable[[Any], Any], paths: Sequence[str | Path]) -> dict[str, Any]:
        return {video: read(path) for video, path in zip(table["video"], paths, strict=True)}

    return realism(
        table,
        by_video(pd.read_parquet, frames),
        by_video(pd.read_csv, actions),
        by_video(read_tracks, tracks),
        by_video(read_features, features),
    )


def _faces(video: str, frames: pd.DataFrame, tracks: Tracks) -> pd.DataFrame:
    """Return one row per true face: person, time, whether it counts and was found, its track, and errors (P,) in pixels."""
    size = np.array([tracks.width, tracks.height])
    truth = np.stack(frames["landmarks"].to_numpy()).reshape(len(frames), -1, 2)
    if truth.shape[1] != len(LANDMARKS):
        raise KinesicsError(f"{video}: the truth has {truth.shape[1]} landmarks, not {len(LANDMARKS)}; render it again")
    truth = truth * size
    between = np.linalg.norm(truth[:, _OUTER[1]] - truth[:, _OUTER[0]], axis=1).clip(1e-6)
    across = (truth[:, _OUTER[1]] - truth[:, _OUTER[0]]) / between[:, None]
    off = np.einsum("fi,fi->f", truth[:, _NAMES.index("nose_tip")] - truth[:, _OUTER].mean(1), across) / between
    persons, errors = _match_meshes(frames, truth, between, tracks)
    return pd.DataFrame(
        {
            "person": frames["person"].to_numpy(),
            "time_s": frames["time_s"].to_numpy(),
            "counted": (frames["face_visible"].to_numpy() >= UNOCCLUDED) & (np.abs(off) <= FRONTAL),
            "found": persons >= 0,
            "track": persons,
            "between": between,
            "errors": list(errors),
        }
    )


def _match_meshes(
    frames: pd.DataFrame, truth: np.ndarray, between: np.ndarray, tracks: Tracks
) -> tuple[np.ndarray, np.ndarray]:
    """Return the track whose mesh belongs to each true face, -1 without one, and its errors in pixels (faces, P)."""
    size = np.array([tracks.width, tracks.height])
    meshes = {person: tracks.dense(person, "face")[..., :2] * size for person in tracks.persons}
    points_of = {
        person: np.stack([mesh[:, MESH[name]].mean(1) for name in _NAMES], 1) for person, mesh in meshes.items()
    }
    sample = index(frames["time_s"].to_numpy(), tracks.rate_hz).clip(0, tracks.frames - 1)
    persons, errors = np.full(len(frames), -1), np.full(truth.shape[:2], np.nan)
    for _, rows in frames.groupby("frame").indices.items():
        now = {person: points[sample[rows[0]]] for person, points in points_of.items()}
        now = {person: points for person, points in now.items() if np.isfinite(points).all()}
        if now:
            apart = np.linalg.norm(truth[rows][:, None] - np.stack([*now.values()])[None], axis=-1)
            cost = apart.mean(-1) / between[rows][:, None]
            for i, j in zip(*linear_sum_assignment(cost.clip(max=NEAR)), strict=True):
                if cost[i, j] < NEAR:
                    persons[rows[i]], errors[rows[i]] = [*now][j], apart[i, j]
    return persons, errors


def _detection(faces: pd.DataFrame) -> list[dict]:
    counted = faces[faces["counted"]]
    rows = [_rate({"shot": "all", "perturbation": "", "severity": 0}, counted[counted["severity"] == 0])]
    for (perturbation, severity, shot), faces in counted.groupby(["perturbation", "severity", "shot"], sort=True):
        rows.append(_rate({"shot": shot, "perturbation": perturbation, "severity": int(severity)}, faces))
    return rows


def _rate(row: dict, faces: pd.DataFrame) -> dict:
    rate = float(faces["found"].mean()) if len(faces) else None
    width = float(faces["between"].median()) if len(faces) else None
    return row | {
        "faces": len(faces),
        "found": int(faces["found"].sum()),
        "rate": rate,
        "median_eye_distance_px": width,
    }


def _landmarks(faces: pd.DataFrame) -> list[dict]:
    rows = []
    groups = {"all": _NAMES} | {
        group: [name for name in _NAMES if any(part in name for part in parts)] for group, parts in GROUPS.items()
    }
    shots = [("all", faces), *faces.groupby("shot", sort=True)]
    for shot, of_shot in shots:
        if of_shot.empty:
            continue
        errors = np.stack(of_shot["errors"].to_numpy())
        for group, names in groups.items():
            pixels = errors[:, [_NAMES.index(name) for name in names]].mean(1)
            share = pixels / of_shot["between"].to_numpy()
            row = {"shot": shot, "points": group, "faces": len(of_shot), "mean": float(share.mean())}
            row |= {"median": float(np.median(share)), "p90": float(np.quantile(share, 0.9))}
            rows.append(row | {"failed": float((share > FAILED).mean()), "mean_px": float(pixels.mean())})
    return rows


def _outputs(faces: pd.DataFrame, actions: pd.DataFrame, features: Features) -> pd.DataFrame:
    """Return the probabilities of ``fer`` at the apex of each expression of a video, and in neutral frames.

    Columns are ``display``, the expression, and ``fer.LABELS``.
    """
    half = seconds(1, features.rate_hz) / 2 + 1e-6
    rows = []
    for person, time_s, expression in [*_apexes(actions), *_neutral_times(faces, actions)]:
        of_person = faces[(faces["person"] == person) & faces["counted"] & faces["found"]]
        nearest = of_person.iloc[(of_person["time_s"] - time_s).abs().argsort()[:1]]
        if nearest.empty or abs(nearest["time_s"].iloc[0] - time_s) > 2 * half:
            continue
        times, tokens = features.crops["face"].of(int(nearest["track"].iloc[0]))
        if len(times) and np.abs(times - time_s).min() <= 2 * half:
            probabilities = tokens[np.abs(times - time_s).argmin()]
            rows.append({"display": expression} | dict(zip(fer.LABELS, map(float, probabilities), strict=True)))
    return pd.DataFrame(rows, columns=["display", *fer.LABELS])


def _apexes(actions: pd.DataFrame) -> list[tuple[int, float, str]]:
    """Return (person, time, expression) of the middle of each expression's apex."""
    expressions = actions[actions["label"].map(FAMILY) == "emotion"]
    return [(row.person, (row.apex_s + row.release_s) / 2, row.label) for row in expressions.itertuples()]


def _neutral_times(faces: pd.DataFrame, actions: pd.DataFrame) -> list[tuple[int, float, str]]:
    """Return (person, time, "neutral") of frames in which a person neither shows an expression nor speaks."""
    busy = actions[actions["label"].map(FAMILY).isin(["emotion"]) | (actions["label"] == "speaking")]
    times = []
    for person, of_person in faces.groupby("person"):
        own = busy[busy["person"] == person]
        last = -np.inf
        for time_s in of_person["time_s"]:
            calm = ((own["begin_s"] - NEUTRAL_S > time_s) | (own["rest_s"] + NEUTRAL_S < time_s)).all()
            if calm and time_s >= last + NEUTRAL_S:
                times.append((person, time_s, "neutral"))
                last = time_s
    return times


def _expressions(outputs: pd.DataFrame) -> list[dict]:
    if outputs.empty:
        return []
    likeliest = outputs[list(fer.LABELS)].idxmax(axis=1)
    return [
        {"display": expression, "faces": len(rows), "output": label}
        | {"times": int((likeliest[rows.index] == label).sum()), "mean_probability": float(rows[label].mean())}
        for expression, rows in outputs.groupby("display", sort=True)
        for label in fer.LABELS
    ]
