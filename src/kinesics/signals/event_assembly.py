"""Assemble events and tubes from per-frame scores or scored segments."""

import numpy as np
import pandas as pd

from kinesics.signals.recording import Recording
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_events, empty_events
from kinesics.structures.timegrid import hysteresis, seconds
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, VISIBLE, Tracks
from kinesics.structures.vocabulary import FAMILY, LABELS

#: The smallest event of the coding manual and the gap over which it joins events of one label, in seconds.
MIN_S, GAP_S = 0.5, 0.5
#: Speech is joined over longer pauses.
SPEECH_GAP_S = 1.0
#: Pose landmarks of the hands: wrists, little fingers, index fingers, thumbs.
POSE_HANDS = list(range(15, 23))


def event_boxes(tracks: Tracks, person: int, label: str) -> np.ndarray:
    """Return the box of an event of this label at every frame: (frames, 4), NaN where not visible.

    The kind of box (face, hands, person) is the label's in ``vocabulary.csv``; the hands' box is that of the visible hand
    meshes, or else of the hands' points of the body pose.
    """
    kind = LABELS["box"].get(label, "person")
    if kind == "face":
        return tracks.dense(person, FACE_BOX)
    if kind == "person":
        return tracks.dense(person, PERSON_BOX)
    points = np.concatenate([tracks.dense(person, side)[..., :2] for side in ("left_hand", "right_hand")], 1)
    pose = tracks.reduced(person, "pose", lambda pose: pose[:, POSE_HANDS])
    # The pose guesses hands that are hidden or outside the frame.
    pose = np.where(pose[..., 3:] >= VISIBLE, pose[..., :2], np.nan)
    unseen = np.isnan(points).all((1, 2))
    return np.where(unseen[:, None], _extent(pose), _extent(points))


def events_from_scores(
    recording: Recording, scores: dict[tuple[int, str], np.ndarray], on: float, off: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn the scores in [0, 1] of each (person, label), (frames,), into events and tubes by hysteresis.

    Minimum length and joining follow the coding manual; an event's score is the mean over its frames.
    """
    tracks = recording.tracks
    rate = tracks.rate_hz
    segments = []
    for (person, label), score in sorted(scores.items()):
        gap_s = SPEECH_GAP_S if label == "speaking" else GAP_S
        # Smoothing reaches beyond the frames in which the person is visible; an event does not.
        score = np.where(np.isfinite(tracks.dense(person, PERSON_BOX[0])), score, np.nan)
        for start, stop in hysteresis(score, on, off, round(MIN_S * rate), round(gap_s * rate)):
            segments.append((person, label, start, stop, float(np.nanmean(score[start:stop]))))
    return assemble_events(tracks, segments)


def assemble_events(
    tracks: Tracks, segments: list[tuple[int, str, float, float, float]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events table and the tubes of (person, label, start, stop, score), start and stop in sampled frames.

    Start and stop may lie within a frame; a tube has every frame that its event touches.
    """
    if not segments:
        return empty_events(), pd.DataFrame(columns=TUBE_COLUMNS, dtype=float)
    cache: dict[tuple[int, str], np.ndarray] = {}
    rows = []
    for person, label, start, stop, score in segments:
        if (person, label) not in cache:
            cache[person, label] = event_boxes(tracks, person, label)
        first, last = int(np.floor(start)), int(np.ceil(stop))
        box = cache[person, label][first:last]
        visible = np.isfinite(box).all(1)
        middle = np.median(box[visible], 0) if visible.any() else np.full(4, np.nan)
        times = seconds(np.array([start, stop]), tracks.rate_hz)
        rows.append(
            {"video": tracks.video, "person": person, "label": label, "family": FAMILY.get(label, "")}
            | {"start_s": times[0], "end_s": min(times[1], tracks.duration_s), "score": score}
            | dict(zip(BOX, middle, strict=True))
            | {"first": first, "last": last}
        )
    table = (
        pd.DataFrame(rows).sort_values(["start_s", "end_s", "person", "label"], kind="stable").reset_index(drop=True)
    )
    events = check_events(table, f"events of {tracks.video}")
    parts = []
    columns = (table[name].tolist() for name in ("person", "label", "first", "last"))
    for event, (person, label, first, last) in enumerate(zip(*columns, strict=True)):
        box = cache[person, label][first:last]
        visible = np.flatnonzero(np.isfinite(box).all(1))
        parts.append((np.full(len(visible), event), seconds(first + visible, tracks.rate_hz), box[visible]))
    number, time_s, box = (np.concatenate(part) for part in zip(*parts, strict=True))
    return events, pd.DataFrame(box, columns=BOX).assign(event=number, time_s=time_s)[TUBE_COLUMNS]


def _extent(points: np.ndarray) -> np.ndarray:
    """Return the box around points (frames, n, 2), ignoring NaN: (frames, 4)."""
    low = np.where(np.isnan(points), np.inf, points).min(1)
    high = np.where(np.isnan(points), -np.inf, points).max(1)
    # Landmarks may be guessed outside the frame; a box may not.
    box = np.concatenate([low, high], 1).clip(0, 1)
    box[np.isinf(low).any(1)] = np.nan
    return box
