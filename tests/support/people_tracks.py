"""Tracks of people with facial actions and head matrices, for tests of what is measured relative to the usual."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesics.signals.recording import Recording
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import BLENDSHAPES, FACE_BOX, PERSON_BOX, TracksWriter, read_tracks

RATE = 10.0
#: What moves a person at a time: yaw in degrees, facial actions by name without side, place of the right hand or None.
Motion = Callable[[float], dict[str, object]]


def person_recording(path: Path, seconds: float, motion: Motion, video: str = "v") -> Recording:
    """Return the recording of one person, without sound, whose expression classifier follows the smile."""
    random = np.random.default_rng(0)
    smiles = []
    with TracksWriter(path, video, RATE, 200, 100) as writer:
        for frame in range(round(seconds * RATE)):
            moved = {"yaw": 0.0, "x": 0.5, "hand": None} | motion(frame / RATE)
            row = {"frame": frame, "time_s": frame / RATE, "person": 0, "face_score": 0.9, "person_score": 0.9}
            row |= dict(zip(FACE_BOX, (0.4, 0.2, 0.6, 0.6), strict=True))
            row |= dict(zip(PERSON_BOX, (0.2, 0.1, 0.8, 1), strict=True))
            actions = [moved.get(name.removesuffix("Left").removesuffix("Right"), 0.02) for name in BLENDSHAPES]
            row["blendshapes"] = np.array(actions) * random.uniform(0.95, 1.05, len(actions))
            row["head_matrix"] = head_matrix(moved["yaw"] + random.normal(0, 0.5))
            row["face"] = face(moved["x"])
            if moved["hand"] is not None:
                row["right_hand"] = np.tile(np.float32([*moved["hand"], 0]), (21, 1))
                row["right_hand_score"] = 0.9
            writer.add(row)
            smiles.append(moved.get("mouthSmile", 0.0))
        writer.close(seconds)
    tokens = np.zeros((len(smiles), 7), np.float32)
    tokens[:, 3], tokens[:, 6] = smiles, 1 - np.array(smiles)
    times = np.arange(len(smiles)) / RATE
    crops = {"face": CropFeatures(times, np.zeros(len(times), int), tokens)}
    return Recording(read_tracks(path), {"fer": Features(video, "fer", RATE, crops)})


def head_matrix(yaw: float) -> np.ndarray:
    """Return the head's matrix turned by ``yaw`` degrees, half a metre from the camera."""
    turn = np.radians(yaw)
    matrix = np.eye(4, dtype=np.float32)
    matrix[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    matrix[:3, 3] = 0, 0, -50
    return matrix


def face(x: float = 0.5) -> np.ndarray:
    """Return a mesh within the face's box of (0.4, 0.2, 0.6, 0.6), moved to a middle at ``x``."""
    random = np.random.default_rng(1)
    points = random.uniform(0, 1, (478, 3)).astype(np.float32) * [0.2, 0.4, 0] + [x - 0.1, 0.2, 0]
    points[10], points[152] = (x, 0.2, 0), (x, 0.6, 0)
    return points


def on(t: float, start: float, stop: float) -> bool:
    """Return whether a time lies in [start, stop)."""
    return start <= t < stop
