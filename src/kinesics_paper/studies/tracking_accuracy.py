"""How well people are followed: HOTA, IDF1 and MOTA of the tracks, by TrackEval (Luiten et al., IJCV 129, 2021).

HOTA is the geometric mean of detection and association accuracy, the mean over IoU thresholds from 0.05 to 0.95, and
``hota_05`` that at 0.05. IDF1 (Ristani et al., ECCV Workshops 2016) and MOTA (Bernardin and Stiefelhagen, 2008) take one
threshold, ``IOU`` on synthetic videos and ``CODED_IOU`` in the annotated clips.

On synthetic videos the true boxes of everybody are known in every frame; those of faces of which less than ``VISIBLE`` is
seen count neither as missed nor, if they are found, as wrong. In the annotated clips boxes were read by eye, each in the frame
at the middle of an event, and around the head rather than from brow to chin: they tell who is where, not to the pixel. There,
boxes of tracks that meet none are left out, since whoever showed nothing at that moment was not coded. So the clips show
missed people and exchanged identities, but no false tracks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from trackeval.metrics import CLEAR, HOTA, Identity

from kinesics.metrics.identity import LEAST_IOU, boxes_of_rows, boxes_of_tracks
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX
from kinesics.structures.timegrid import index
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics_paper.datasets.people import read_annotations
from kinesics_paper.datasets.people_tracks import coded_boxes

IOU = 0.5
CODED_IOU = LEAST_IOU
VISIBLE = 0.5
DIGITS = 6


def tracking_accuracy(
    clips: Sequence[str], passes: Sequence[str], synthetic: Sequence[str], frames: Sequence[str]
) -> dict[str, Any]:
    """Return the accuracy of the tracks of annotated clips, by face boxes, and of synthetic videos, by faces and people.

    ``clips`` are tracks files of annotated clips, ``passes`` the annotation passes; ``synthetic`` and ``frames`` the tracks
    file and the table of true boxes of each synthetic video. Result: ``{"clips", "face", "person": {"videos": {video: entry},
    "all": entry}}`` with entry ``{hota, hota_05, det_a, ass_a, idf1, mota, switches, boxes, people, tracks}``: ``switches`` of
    identity, true ``boxes`` and ``people``, and ``tracks`` in these frames. ``all`` pools the boxes, None without any.
    """
    codings = [read_annotations(name) for name in passes]
    coded = {}
    for tracks in map(read_tracks, clips):
        boxes = coded_boxes([coding[coding["video"] == tracks.video] for coding in codings])
        steps = np.unique(index(boxes["time_s"].to_numpy(float)[boxes["part"] == "face"], tracks.rate_hz))
        coded[tracks.video] = _sequence(boxes, None, tracks, "face", steps)
    result = {"clips": _evaluate(coded, CODED_IOU)}
    for part in ("face", "person"):
        sequences = {}
        for path, truth in zip(synthetic, frames, strict=True):
            tracks, table = read_tracks(path), pd.read_parquet(truth)
            hidden = (table["face_visible"] < VISIBLE) & (part == "face")
            boxes = boxes_of_rows(table[~hidden]), boxes_of_rows(table[hidden])
            sequences[tracks.video] = _sequence(*boxes, tracks, part, np.arange(tracks.frames))
        result[part] = _evaluate(sequences, IOU)
    return result


def _sequence(
    truth: pd.DataFrame, hidden: pd.DataFrame | None, tracks: Tracks, part: str, steps: np.ndarray
) -> dict[str, Any]:
    """Return the boxes of a part in some frames as TrackEval takes one video.

    Tables are of ``identity.boxes_of_rows``. Boxes of tracks that fit one of the ``hidden`` boxes better than any true one are
    left out; so are, if ``hidden`` is None, those that meet no true box.
    """
    tables = []
    for table in (truth, boxes_of_tracks(tracks), truth[:0] if hidden is None else hidden):
        table = table[table["part"] == part]
        table = table.assign(frame=index(table["time_s"].to_numpy(float), tracks.rate_hz))
        tables.append(table[table["frame"].isin(steps)].drop_duplicates(["person", "frame"]))
    people, ids = (np.unique(table["person"]) for table in tables[:2])
    by_frame = [dict(list(table.groupby("frame"))) for table in tables]
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for step in steps:
        true, tracked, ignored = (frames.get(step, table[:0]) for frames, table in zip(by_frame, tables, strict=True))
        iou = _ious(true, tracked)
        keep = (iou >= CODED_IOU).any(0) if hidden is None else ~_taken(iou, _ious(ignored, tracked))
        data["gt_ids"].append(np.searchsorted(people, true["person"]))
        data["tracker_ids"].append(np.searchsorted(ids, tracked["person"][keep]))
        data["similarity_scores"].append(iou[:, keep])
    return data | {
        "num_timesteps": len(steps),
        "num_gt_ids": len(people),
        "num_tracker_ids": len(ids),
        "num_gt_dets": sum(map(len, data["gt_ids"])),
        "num_tracker_dets": sum(map(len, data["tracker_ids"])),
    }


def _ious(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Return the IoU of all boxes of two tables: (A, B)."""
    return np.nan_to_num(box_iou(a[BOX].to_numpy(float)[:, None], b[BOX].to_numpy(float)[None]))


def _taken(true: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    """Return which boxes of tracks (B,) match an ignored box (rows of ``ignored``), not a true one (rows of ``true``)."""
    both = np.concatenate([true, ignored])
    both[both < IOU] = 0
    rows, columns = linear_sum_assignment(both, maximize=True)
    taken = np.zeros(true.shape[1], bool)
    taken[columns[(rows >= len(true)) & (both[rows, columns] > 0)]] = True
    return taken


def _evaluate(sequences: Mapping[str, dict[str, Any]], iou: float) -> dict[str, Any]:
    """Return the entries of videos with true boxes, and of all together."""
    settings = {"THRESHOLD": iou, "PRINT_CONFIG": False}
    metrics = [HOTA(), CLEAR(settings), Identity(settings)]
    sequences = {video: data for video, data in sequences.items() if data["num_gt_dets"]}
    if not sequences:
        return {"videos": {}, "all": None}
    results = {video: [metric.eval_sequence(data) for metric in metrics] for video, data in sequences.items()}
    numbers = {video: (data["num_gt_ids"], data["num_tracker_ids"]) for video, data in sequences.items()}
    pooled = [
        metric.combine_sequences({video: of_video[place] for video, of_video in results.items()})
        for place, metric in enumerate(metrics)
    ]
    return {
        "videos": {video: _entry(of_video, *numbers[video]) for video, of_video in results.items()},
        "all": _entry(pooled, *np.sum(list(numbers.values()), 0)),
    }


def _entry(results: Sequence[Mapping[str, Any]], people: int, tracks: int) -> dict[str, float | int]:
    hota, clear, identity = results
    scores = {"hota": hota["HOTA"], "hota_05": hota["HOTA(0)"], "det_a": hota["DetA"], "ass_a": hota["AssA"]}
    scores |= {"idf1": identity["IDF1"], "mota": clear["MOTA"]}
    rounded = {name: round(float(np.mean(value)), DIGITS) for name, value in scores.items()}
    boxes = int(clear["CLR_TP"] + clear["CLR_FN"])
    return rounded | {"switches": int(clear["IDSW"]), "boxes": boxes, "people": int(people), "tracks": int(tracks)}
