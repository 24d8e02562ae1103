"""Small tables of the outside data: points of a face that turns, and joints of a hand that waves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.structures.events import BOX, write_events_csv
from kinesics_paper.datasets.parsing import write_person_tracks
from kinesics_paper.datasets.uci_gesture_phase import PIXELS
from kinesics_paper.datasets.uci_grammatical_facial_expressions import HEIGHT, WIDTH
from kinesics_paper.studies.outside_people import EXPRESSIONS, GESTURES
from kinesics_paper.studies.outside_signals import FOCAL

#: Seconds of each stream, and when the head is turned and the hand waved.
LENGTH_S, START_S, STOP_S = 14.0, 5.0, 8.0


def write_outside(folder: Path) -> dict[str, str]:
    """Write a stream of each data set with one event; return the folders by data set."""
    folders = {}
    for dataset, video, label in ((GESTURES, "a1", "stroke"), (EXPRESSIONS, "b_negative", "negative")):
        out = folder / dataset
        out.mkdir(parents=True)
        folders[dataset] = str(out)
        (out / "streams.csv").write_text(f"video,subject,duration_s\n{video},{video[0]},{LENGTH_S}\n")
        event = {"video": video, "person": 0, "label": label, "family": "gesture", "start_s": START_S, "end_s": STOP_S}
        event |= {"score": 1.0} | dict.fromkeys(BOX, np.nan)
        write_events_csv(pd.DataFrame([event]), out / "events.csv")
        rate = 30.0 if dataset == GESTURES else 20.0
        times_s = np.arange(round(LENGTH_S * rate)) / rate
        path = out / "tracks" / f"{video}.parquet"
        if dataset == GESTURES:
            pose = waving(times_s)
            write_person_tracks(path, video, times_s, rate, (PIXELS, PIXELS), lambda i, pose=pose: {"pose": pose[i]})
        else:
            write_person_tracks(path, video, times_s, rate, (WIDTH, HEIGHT), lambda i: {})
            write_points(out / "tracks" / "landmarks" / f"{video}.parquet", times_s, turning(times_s))
    return folders


def waving(times_s: np.ndarray) -> np.ndarray:
    """Return poses (T, 33, 4) whose left hand circles a face height wide, once a second, and else lies in the lap."""
    pose = np.full((len(times_s), 33, 4), np.nan, np.float32)
    pose[:, 0, :3] = 0.5, 0.25, 0
    for k in (15, 16, 19, 20):
        pose[:, k, :3] = 0.5, 0.5, 0
    on = (times_s >= START_S) & (times_s < STOP_S)
    angle = 2 * np.pi * times_s[on]
    for k in (15, 19):
        pose[on, k, 0], pose[on, k, 1] = 0.4 + np.cos(angle) / 24, 0.4 + np.sin(angle) / 24
    return pose


def turning(times_s: np.ndarray, degrees: float = 30.0) -> np.ndarray:
    """Return face points (T, 100, 3) of a head that is turned by ``degrees`` in the event."""
    yaw = np.where((times_s >= START_S) & (times_s < STOP_S), np.radians(degrees), 0.0)
    return face_points(yaw)


def face_points(yaw: np.ndarray) -> np.ndarray:
    """Return points (T, 100, 3) of a face at 1.2 m turned by ``yaw`` (T,) in radians to the sensor's right."""
    shape = np.random.default_rng(0).uniform(-0.06, 0.06, (100, 3))
    turn = np.zeros((len(yaw), 3, 3))
    turn[:, 0, 0], turn[:, 0, 2], turn[:, 2, 0], turn[:, 2, 2] = np.cos(yaw), np.sin(yaw), -np.sin(yaw), np.cos(yaw)
    turn[:, 1, 1] = 1
    x, y, z = np.moveaxis(np.einsum("tij,nj->tni", turn, shape), -1, 0)
    depth = 1.2 - z
    return np.stack([0.5 + x * FOCAL / depth / WIDTH, 0.5 - y * FOCAL / depth / HEIGHT, depth], -1)


def write_points(path: Path, times_s: np.ndarray, points: np.ndarray) -> None:
    """Write a landmarks file as the reader of the expressions does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(points.astype(np.float32).ravel()), 300)
    pq.write_table(pa.table({"time_s": pa.array(times_s), "points": flat}), path)
