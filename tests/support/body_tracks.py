"""Tracks of one person from functions of time, for tests of rules, probes and assembly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kinesics.signals import cues
from kinesics.signals.recording import Recording
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks, TracksWriter, read_tracks

RATE = 10.0


def make_tracks(
    path: Path, seconds: float, parts: dict[str, Callable[[float], np.ndarray | None]], video: str = "v"
) -> Tracks:
    """Write and read tracks of person 0; ``parts`` maps a part to a function of time that returns its landmarks or None."""
    with TracksWriter(path, video, RATE, 200, 100) as writer:
        for frame in range(round(seconds * RATE)):
            row = {"frame": frame, "time_s": frame / RATE, "person": 0, "face_score": 0.9, "person_score": 0.9}
            row |= dict(zip(FACE_BOX, (0.4, 0.2, 0.6, 0.6), strict=True))
            row |= dict(zip(PERSON_BOX, (0.2, 0.1, 0.8, 1), strict=True))
            row |= {part: make(frame / RATE) for part, make in parts.items()}
            writer.add(row)
        writer.close(seconds)
    return read_tracks(path)


def face(yaw: float = 0.0, opening: float = 0.0) -> np.ndarray:
    """Return a mesh turned by ``yaw`` degrees, lips apart by a share of the face's height (40 of 100 pixels)."""
    points = np.zeros((478, 3), np.float32)
    turn = np.radians(yaw)
    cheeks, eyes = (
        ((cues.RIGHT_CHEEK, -15, 0), (cues.LEFT_CHEEK, 15, 0)),
        ((cues.RIGHT_EYE, -8, -8), (cues.LEFT_EYE, 8, -8)),
    )
    for point, x, y in (*cheeks, *eyes):
        points[point] = x * np.cos(turn), y, x * np.sin(turn)
    points[cues.FOREHEAD], points[cues.CHIN] = (0, -20, 0), (0, 20, 0)
    points[cues.UPPER_LIP], points[cues.LOWER_LIP] = (0, 10, 0), (0, 10 + 40 * opening, 0)
    # From pixels to fractions of a 200 x 100 frame; depth goes with the width.
    return points / (200, 100, 200) + (0.5, 0.4, 0)


def pose(shift: float = 0.0) -> np.ndarray:
    """Return a body with shoulders 60 pixels apart, moved to the right by a share of that."""
    points = np.full((33, 4), 0.5, np.float32)
    points[cues.LEFT_SHOULDER, :2], points[cues.RIGHT_SHOULDER, :2] = (
        (0.65 + 0.3 * shift, 0.8),
        (0.35 + 0.3 * shift, 0.8),
    )
    return points


def hand(x: float, y: float) -> np.ndarray:
    """Return a hand all of whose landmarks are at one point."""
    return np.tile(np.float32([x, y, 0]), (21, 1))


def with_neutral_face(tracks: Tracks) -> Recording:
    """Return the recording of tracks with an expression classifier that is certain of neutral."""
    times = np.arange(tracks.frames) / RATE
    tokens = np.tile(np.float32([0, 0, 0, 0, 0, 0, 1]), (len(times), 1))
    crops = {"face": CropFeatures(times, np.zeros(len(times), int), tokens)}
    return Recording(tracks, {"fer": Features("v", "fer", RATE, crops)})
