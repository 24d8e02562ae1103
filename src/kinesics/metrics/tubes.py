"""Measure detection in space and time: average precision of boxes in single frames, and of tubes, a box in every frame.

An events table gives times; its tubes (``structures.events``: event, time_s, x0, y0, x1, y1) give boxes, frame by frame. Boxes
match within one video and label; the person's number does not have to match: the box identifies it. Frames are the samples of
a grid of ``rate_hz``, onto which tubes of any rate are put; of several boxes in one sample the first stays.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.agreement import RATE_HZ
from kinesics.metrics.matching import expand_ranges, overlaps, ranking, sorted_events, take_ranked
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX, ORDER
from kinesics.structures.timegrid import index

FRAME_IOU = 0.5
TUBE_IOUS = (0.2, 0.5)
ROUNDING_S = 1e-6

EventsAndTubes = tuple[pd.DataFrame, pd.DataFrame | None]  # an events table and its tubes


def sorted_with_tubes(events: pd.DataFrame, tubes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``sorted_events(events)``, and the tubes with the events' new numbers."""
    order = events.reset_index(drop=True).sort_values([*ORDER, *BOX], kind="stable").index
    number = np.empty(len(events), int)
    number[order] = np.arange(len(events))
    return sorted_events(events), tubes.assign(event=number[tubes["event"].to_numpy(int)])


def select_events(tubes: pd.DataFrame, keep: np.ndarray) -> pd.DataFrame:
    """Return the tubes of the events to keep, bool (N,), numbered as the events are once the others are gone."""
    event = tubes["event"].to_numpy(int)
    number = np.cumsum(keep) - 1
    return tubes.assign(event=number[event])[keep[event]]


def boxes_by_frame(tubes: pd.DataFrame, rate_hz: float = RATE_HZ) -> pd.DataFrame:
    """Return the boxes on the grid of ``rate_hz``: columns event, frame, time_s, x0..y1, sorted by event and frame.

    Raises KinesicsError unless rate_hz is above 0 and finite.
    """
    if not 0 < rate_hz < np.inf:
        raise KinesicsError(f"rate_hz {rate_hz} is not above 0 Hz and finite")
    table = tubes.sort_values(["event", "time_s"], kind="stable")
    table = table.assign(frame=index(table["time_s"].to_numpy(float), rate_hz))
    return table.drop_duplicates(["event", "frame"])[["event", "frame", "time_s", *BOX]].reset_index(drop=True)


def tube_overlaps(
    truth: pd.DataFrame,
    truth_tubes: pd.DataFrame,
    predicted: pd.DataFrame,
    predicted_tubes: pd.DataFrame,
    iou: float,
    rate_hz: float = RATE_HZ,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair that may match: truth rows (K,), predicted rows (K,) and their tube IoU (K,), all >= ``iou``.

    tube IoU = tIoU x mean spatial IoU over the common frames (Weinzaepfel et al., ICCV 2015; the video mAP of UCF101-24
    and JHMDB, Kalogeiton et al., ICCV 2017). Common frames are those in which both events are on; a frame that has a
    box in one tube alone counts 0, one that has none in both is left out. Without a box in either tube it is 0.
    """
    t, p, tiou = overlaps(truth, predicted, iou, match_person=False)  # no tube IoU is above its tIoU
    value = tiou * spatial_iou((t, p), (truth, predicted), (truth_tubes, predicted_tubes), rate_hz)
    keep = value >= iou
    return t[keep], p[keep], value[keep]


def spatial_iou(
    pairs: tuple[np.ndarray, np.ndarray],
    events: tuple[pd.DataFrame, pd.DataFrame],
    tubes: tuple[pd.DataFrame, pd.DataFrame],
    rate_hz: float = RATE_HZ,
) -> np.ndarray:
    """Return the mean IoU of the two boxes over the common frames of each pair of rows (``tube_overlaps``): (K,)."""
    number = np.arange(len(pairs[0]))
    start, end = (
        edge(*(table[name].to_numpy(float)[row] for table, row in zip(events, pairs, strict=True)))
        for edge, name in ((np.maximum, "start_s"), (np.minimum, "end_s"))
    )
    boxes: list[pd.DataFrame] = []
    for row, table, side in zip(pairs, tubes, ("_a", "_b"), strict=True):
        table = boxes_by_frame(table, rate_hz)
        event = table["event"].to_numpy()
        first, last = np.searchsorted(event, row, "left"), np.searchsorted(event, row, "right")
        pair, at = expand_ranges(first, last - first)
        time = table["time_s"].to_numpy()[at]
        chosen = table.iloc[at].drop(columns=["event", "time_s"]).assign(pair=pair)
        chosen["on"] = (time > start[pair] - ROUNDING_S) & (time < end[pair] - ROUNDING_S)
        boxes.append(chosen.set_index(["pair", "frame"]).add_suffix(side))
    both = boxes[0].join(boxes[1], how="outer")
    both = both[both["on_a"].eq(True) | both["on_b"].eq(True)]
    each = box_iou(*(both[[name + side for name in BOX]].to_numpy() for side in ("_a", "_b")))
    pair = both.index.get_level_values("pair").to_numpy(int)
    total, n = (np.bincount(pair, weight, len(number)) for weight in (np.nan_to_num(each), None))
    return total / np.maximum(n, 1)


def match_tubes(
    truth: pd.DataFrame,
    truth_tubes: pd.DataFrame,
    predicted: pd.DataFrame,
    predicted_tubes: pd.DataFrame,
    ious: Sequence[float] = TUBE_IOUS,
    rate_hz: float = RATE_HZ,
) -> np.ndarray:
    """Return the truth row that each prediction takes at each tube IoU, -1 for a false positive: int (T, P).

    By falling score, each takes the truth of largest tube IoU that is still free (``take_ranked``).
    """
    pairs = tube_overlaps(truth, truth_tubes, predicted, predicted_tubes, min(ious, default=0), rate_hz)
    return take_ranked(pairs, ranking(predicted), len(truth), ious)


def frame_boxes(events: pd.DataFrame, tubes: pd.DataFrame, rate_hz: float = RATE_HZ) -> pd.DataFrame:
    """Return one row per box: columns event, frame, x0..y1, and the event's video, label, score; sorted by event, frame."""
    about = events[["video", "label", "score"]].reset_index(drop=True)
    return boxes_by_frame(tubes, rate_hz).join(about, on="event")


def match_boxes(truth: pd.DataFrame, predicted: pd.DataFrame, ious: Sequence[float] = (FRAME_IOU,)) -> np.ndarray:
    """Return the truth row that each predicted box takes at each IoU, -1 for a false positive: int (T, P).

    Both are tables of ``frame_boxes``. By falling score, each box takes the true box of largest IoU in its frame, and
    is false if that is taken, as in the evaluation of AVA.
    """
    keys = ["video", "label", "frame"]
    joined = truth.reset_index(names="t").merge(predicted.reset_index(names="p"), on=keys, suffixes=("_a", "_b"))
    iou = np.nan_to_num(box_iou(*(joined[[name + side for name in BOX]].to_numpy() for side in ("_a", "_b"))))
    keep = iou >= min(ious, default=0)
    pairs = joined["t"].to_numpy(int)[keep], joined["p"].to_numpy(int)[keep], iou[keep]
    return take_ranked(pairs, ranking(predicted), len(truth), ious, second_choice=False)
