"""Whom the tracker means: its persons against the true ones, by where they are."""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from kinesics.errors import KinesicsError
from kinesics.structures.boxes import box_iou
from kinesics.structures.events import BOX
from kinesics.structures.timegrid import index, samples, seconds
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, Tracks
from kinesics.structures.vocabulary import LABELS

PARTS = ("face", "person")
LEAST_IOU = 0.1
MOST_FRAMES = 10**7  # eleven days of one person at 10 Hz
ANY_IOU = 1e-6  # events cover little of a person's time


def boxes_of_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes of a table with a row a frame and person and columns like a tracks table's: one row a box.

    In: time_s, person, ``face_x0`` .. ``face_y1``, ``person_x0`` .. ``person_y1``, null where not seen. Out: person, part
    (one of ``PARTS``), time_s, x0, y0, x1, y1.
    """
    parts = []
    for part in PARTS:
        boxes = table[["person", "time_s", *(f"{part}_{side}" for side in BOX)]].dropna()
        parts.append(boxes.set_axis(["person", "time_s", *BOX], axis=1).assign(part=part))
    return pd.concat(parts, ignore_index=True)


def boxes_of_tracks(tracks: Tracks) -> pd.DataFrame:
    """Return the face and person boxes of tracks as ``boxes_of_rows`` does."""
    return boxes_of_rows(tracks.table.select(["person", "time_s", *FACE_BOX, *PERSON_BOX]).to_pandas())


def boxes_of_tubes(events: pd.DataFrame, tubes: pd.DataFrame) -> pd.DataFrame:
    """Return the face and person boxes of events (``labels.csv`` says which a label has) as ``boxes_of_rows`` does."""
    about = pd.DataFrame({"person": events["person"], "part": events["label"].map(LABELS["box"]).fillna("person")})
    boxes = tubes.join(about.reset_index(drop=True), on="event")
    boxes = boxes[boxes["part"].isin(PARTS)].drop_duplicates(["person", "part", "time_s"])
    return boxes[["person", "part", "time_s", *BOX]].reset_index(drop=True)


def boxes_of_events(events: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Return the one box of each event at every frame that it touches, as ``boxes_of_rows`` does; none of events without.

    Raises KinesicsError if the events are of more than ``MOST_FRAMES`` in all.
    """
    events = events.dropna(subset=BOX)
    first = index(events["start_s"].to_numpy(float), rate_hz)
    last = np.array([samples(end_s, rate_hz) for end_s in events["end_s"]], int)
    if (last - first).sum() > MOST_FRAMES:
        raise KinesicsError(
            f"events of {events['video'].iloc[0]!r} cover {(last - first).sum():,} frames, too many to tell persons by boxes: "
            "check that times are in seconds, or lower the rate"
        )
    part = events["label"].map(LABELS["box"]).fillna("person")
    row = np.repeat(np.arange(len(events)), last - first)
    frame = np.concatenate([np.arange(0), *map(np.arange, first, last)])
    boxes = events[["person", *BOX]].assign(part=part).iloc[row].assign(time_s=seconds(frame, rate_hz))
    return boxes.drop_duplicates(["person", "part", "time_s"])[["person", "part", "time_s", *BOX]].reset_index(
        drop=True
    )


def remap_by_boxes(
    truth: pd.DataFrame, events: pd.DataFrame, rate_hz: float
) -> tuple[pd.DataFrame, dict[str, dict[int, int]]]:
    """Return the events with the numbers of the true persons with whose boxes theirs overlap, and these numbers by video.

    A person of the events is the true one whose events' boxes theirs meet, each to one (``assign_persons``); who meets nobody
    gets a number that the truth has not. The rows keep their order.
    """
    out, numbers = events.copy(), {}
    free = int(truth["person"].max()) + 1 if len(truth) else 0
    for video, mine in events.groupby("video", sort=True):
        boxes = (boxes_of_events(table, rate_hz) for table in (truth[truth["video"] == video], mine))
        numbers[video] = match_persons(*boxes, rate_hz, ANY_IOU)
        out.loc[mine.index, "person"] = remap_persons(mine, numbers[video], free)["person"]
    return out, numbers


def match_persons(
    truth: pd.DataFrame, found: pd.DataFrame, rate_hz: float, least_iou: float = LEAST_IOU
) -> dict[int, int]:
    """Return the true person of each person of the tracker that is one, by their boxes in one video.

    Tables are of ``boxes_of_rows``; frames are the samples of a grid of ``rate_hz``. One to one, with the largest sum of
    mean IoU (the assignment problem of the identity measures: Ristani et al., ECCV Workshops 2016); pairs of less than
    ``least_iou`` are none. The mean runs over all frames in which the true person has a box of a part, and a frame without
    a found one counts 0: over common frames alone, a short false track would beat a long true one.
    """
    tables = [
        table.assign(frame=index(table["time_s"].to_numpy(float), rate_hz)).drop_duplicates(["person", "part", "frame"])
        for table in (truth, found)
    ]
    both = tables[0].merge(tables[1], on=["part", "frame"], suffixes=("_a", "_b"))
    iou = np.nan_to_num(box_iou(*(both[[side + end for side in BOX]].to_numpy(float) for end in ("_a", "_b"))))
    true, guess = (sorted(table["person"].unique()) for table in tables)
    total = np.zeros((len(true), len(guess)))
    np.add.at(total, (pd.Index(true).get_indexer(both["person_a"]), pd.Index(guess).get_indexer(both["person_b"])), iou)
    mean = total / tables[0].groupby("person").size().reindex(true).to_numpy()[:, None]
    pairs = zip(*linear_sum_assignment(mean, maximize=True), strict=True)
    return {int(guess[b]): int(true[a]) for a, b in pairs if mean[a, b] >= least_iou}


def remap_persons(events: pd.DataFrame, numbers: dict[int, int], free: int) -> pd.DataFrame:
    """Return the events with other numbers of their persons; who has none in ``numbers`` gets one from ``free`` on."""
    others = sorted({*events["person"]} - {*numbers})
    number = numbers | {person: free + place for place, person in enumerate(others)}
    return events.assign(person=events["person"].map(number).astype("int64"))
