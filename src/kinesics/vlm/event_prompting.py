"""Detect events with a vision-language model: query windows of a video, with the times of the frames, and merge the answers.

The windows, the prompt (``events`` in ``prompts.csv``) and the merging are ours. With tracks, each person in a window is
queried alone, cropped by the boxes of the tracks, and events have that person and a box; without, requests hold whole
frames, and all events belong to person 0.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from kinesics.encoders.extract import boxes_by_frame, check_same_video, crop_square
from kinesics.io.names import video_name
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frames
from kinesics.signals.event_assembly import assemble_events
from kinesics.structures.events import check_events, empty_events
from kinesics.structures.timegrid import cover_with_windows, index, samples
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics.structures.vocabulary import LABELS
from kinesics.vlm.base import Answer
from kinesics.vlm.batching import ATTEMPTS_BY_SIZE, query_in_batches
from kinesics.vlm.label_ranking import check_labels
from kinesics.vlm.messages import data_url, make_messages, strip_reasoning
from kinesics.vlm.prompts import read_prompts

#: Ten seconds hold a gesture and what leads to it; every instant is in two windows, in one of them away from the edges.
WINDOW_S, STEP_S = 10.0, 5.0
#: Twenty frames per window, as many as a request has in the protocol of Lian et al.
RATE_HZ = 2.0
#: The longer side of the images, in pixels.
SIZE = 512
#: Added on each side of a person's box, as a share of its longer side: hands leave the box.
MARGIN = 0.2

#: Added to the prompt about a person, whose crop others may reach into.
PERSON_HINT = " Others may be in sight: mark only what the person in the middle does."

COLUMNS = ["video", "person", "start_s", "end_s", "outcome", "events", "dropped"]

_OBJECT = re.compile(r"\{[^{}]*\}")
#: The images of one frame: (person, data URL) of each.
FrameImages = list[tuple[int, str]]


class Window(NamedTuple):
    """The content of one request: (time in the window in seconds, data URL) of each frame in [start_s, end_s)."""

    person: int
    start_s: float
    end_s: float
    images: list[tuple[float, str]]


class PredictedEvent(NamedTuple):
    """One event of an answer, in seconds of the window."""

    label: str
    start_s: float
    end_s: float
    score: float


def prompt_events(  # noqa: PLR0913 - keyword-only settings
    video: str | Path,
    labels: Sequence[str],
    answer: Answer,
    *,
    tracks: str | Path | None = None,
    window_s: float = WINDOW_S,
    step_s: float | None = None,
    rate_hz: float = RATE_HZ,
    size: int = SIZE,
    detail: str | None = None,
    attempts: Sequence[int] = ATTEMPTS_BY_SIZE,
    options: ReadOptions = AS_IT_COMES,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Detect the events of a video, window by window; return the events table and one row per window.

    The prompt defines the labels of the coding manual. Events are cut to their window; those that are then empty, or have
    a label that is not in ``labels``, are dropped. The windows' answers are merged by ``merge_events``. The windows'
    columns: ``video``, ``person``, ``start_s``, ``end_s``, ``outcome`` (see ``batching.query_in_batches``), ``events``
    (how many were kept) and ``dropped``. ``step_s`` is half the window by default.

    Raises KinesicsError for files that cannot be read, tracks of another video, and labels that cannot stand in a list.
    """
    check_labels(labels)
    video, name = Path(video), video_name(video)
    spans = cover_with_windows(probe_video(video, options).duration_s, window_s, step_s or window_s / 2)
    people = read_tracks(tracks) if tracks else None
    if people:
        check_same_video(video, name, people, tracks, options)
    encode = _encode_people(people, size) if people else lambda time_s, frame: [(0, data_url(frame, size))]
    hint, spelling = PERSON_HINT if people else "", {label.lower(): label for label in labels}
    rows, predictions, answered = [], [], []
    windows = _windows(read_frames(video, rate_hz, options), spans, rate_hz, encode)
    for window in tqdm(windows, "ask", disable=None if progress else True, unit="window"):
        ((outcome, events),) = query_in_batches(
            [window], lambda part: _messages(part[0], labels, hint, detail), _parse, answer, 1, attempts
        )
        kept = _cut_to_window(events or [], window, spelling)
        predictions += [{"person": window.person, "window": len(answered)} | event for event in kept]
        if outcome == "answered":
            answered.append((window.person, window.start_s, window.end_s))
        values = name, *window[:3], outcome, len(kept), len(events or []) - len(kept)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    merged = _merge_by_person_and_label(predictions, answered)
    return _events_table(name, merged, people), pd.DataFrame(rows, columns=COLUMNS)


def merge_events(predictions: pd.DataFrame, spans: np.ndarray) -> list[tuple[float, float, float]]:
    """Merge the windows' events of one label (``window``, ``start_s``, ``end_s``, ``score``) into (start, end, score).

    Events that overlap or touch are one. At any instant, the support is the mean over the windows that contain it
    (``spans``, (W, 2) in seconds) of the highest score that each gave it, 0 if none; a merged event's score is the mean
    of the support over its time. So an event that is in the answer of one of two windows has half the score.
    """
    predictions = predictions.sort_values(["start_s", "end_s"], kind="stable")
    merged: list[list[float]] = []
    for start, end in zip(predictions["start_s"], predictions["end_s"], strict=True):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    starts, ends, scores, window = (predictions[name].to_numpy() for name in ["start_s", "end_s", "score", "window"])
    events = []
    for start, end in merged:
        edges = np.unique(np.concatenate([starts, ends, spans.ravel(), [start, end]]).clip(start, end))
        middle = (edges[1:] + edges[:-1]) / 2
        covered = (middle >= starts[:, None]) & (middle < ends[:, None])
        given = np.where(covered, scores[:, None], 0)  # (predictions, edges - 1)
        best = np.zeros((len(spans), len(middle)))
        np.maximum.at(best, window, given)
        in_window = (middle >= spans[:, :1]) & (middle < spans[:, 1:])
        support = best.sum(0) / in_window.sum(0)
        events.append((float(start), float(end), float(support @ np.diff(edges) / (end - start))))
    return events


def parse_events(text: str) -> list[PredictedEvent] | None:
    """Return the events of an answer, or None if it is neither a list of them nor an empty list.

    The objects may be JSON or Python, in a fence or among words; one that is cut off at the end is left out, as is what
    stands before. An object without a label, a start and an end makes the answer malformed.
    """
    text = strip_reasoning(text)
    objects = _OBJECT.findall(text)
    if not objects:
        return [] if re.search(r"\[\s*\]", text) else None
    events = []
    for fields in objects:
        label = re.search(r"label['\"]?\s*:\s*(?:\"([^\"]+)\"|'([^']+)')", fields, re.I)
        start, end, score = (_number(name, fields) for name in ("start", "end", "score"))
        if not label or start is None or end is None:
            return None
        events.append(PredictedEvent((label[1] or label[2]).strip(), start, end, 1.0 if score is None else score))
    return events


def _parse(text: str, count: int) -> list[list[PredictedEvent]] | None:
    """Return the events of an answer as the value of the one window of its request."""
    events = parse_events(text)
    return None if events is None else [events]


def _number(name: str, fields: str) -> float | None:
    pattern = rf"\b{name}\w*['\"]?\s*:\s*['\"]?(-?\d+(?:\.\d*)?|\.\d+)\s*(?:s\b)?['\"]?\s*[,}}\n]"
    match = re.search(pattern, fields, re.I)
    return float(match[1]) if match else None


def _cut_to_window(events: list[PredictedEvent], window: Window, spelling: dict[str, str]) -> list[dict]:
    """Return the events with a label of ``spelling``, in seconds of the video, cut to the window; no empty ones."""
    length_s, kept = window.end_s - window.start_s, []
    for event in events:
        label = spelling.get(event.label.lower())
        start_s, end_s = max(event.start_s, 0.0), min(event.end_s, length_s)
        if label and start_s < end_s:
            times = {"start_s": window.start_s + start_s, "end_s": window.start_s + end_s}
            kept.append({"label": label, "score": np.clip(event.score, 0, 1)} | times)
    return kept


def _merge_by_person_and_label(
    predictions: list[dict], answered: list[tuple[int, float, float]]
) -> list[tuple[int, str, float, float, float]]:
    """Return (person, label, start_s, end_s, score) of the merged events; ``answered`` are the windows with an answer."""
    merged = []
    for (person, label), group in pd.DataFrame(predictions).groupby(["person", "label"]) if predictions else ():
        # The windows of other people are kept as empty ones, so that events still number their window.
        spans = np.array([span if other == person else (0, 0) for other, *span in answered], float)
        merged += [(int(person), str(label), *event) for event in merge_events(group, spans)]
    return merged


def _events_table(
    video: str, merged: list[tuple[int, str, float, float, float]], people: Tracks | None
) -> pd.DataFrame:
    """Return merged events as an events table, with boxes on the frames of the tracks if there are any."""
    if not people:
        events = pd.DataFrame(merged, columns=["person", "label", "start_s", "end_s", "score"])
        return check_events(events.assign(video=video)) if merged else empty_events()
    rate, last, on_frames = people.rate_hz, people.frames, []
    for person, label, start_s, end_s, score in merged:
        first = int(index(start_s, rate))
        on_frames.append((person, label, first, min(max(samples(end_s, rate), first + 1), last), score))
    return assemble_events(people, on_frames)[0]


def _messages(window: Window, labels: Sequence[str], hint: str, detail: str | None) -> list[dict]:
    manual = LABELS["definition"]
    values = {
        "whose": hint,
        "frames": len(window.images),
        "seconds": _seconds(window.end_s - window.start_s),
        "labels": "\n".join(f"- {label}: {manual[label]}" if label in manual else f"- {label}" for label in labels),
    }
    images = [(f"{_seconds(time_s)} s", url) for time_s, url in window.images]
    return make_messages(Template(read_prompts()["events"]["text"]).substitute(values), images, detail)


def _seconds(time_s: float) -> str:
    return f"{round(time_s, 2):g}"


def _encode_people(people: Tracks, size: int) -> Callable[[float, np.ndarray], FrameImages]:
    """Return a function from a time and its frame to an image of each person with a box then."""
    boxes = boxes_by_frame(people, "person")

    def encode(time_s: float, frame: np.ndarray) -> FrameImages:
        present = boxes.get(int(index(time_s, people.rate_hz)), ())
        return [(person, data_url(crop_square(frame, box, MARGIN, (size, size)))) for person, box in present]

    return encode


def _windows(
    frames: Iterator[tuple[int, float, np.ndarray]],
    spans: np.ndarray,
    rate_hz: float,
    encode: Callable[[float, np.ndarray], FrameImages],
) -> Iterator[Window]:
    """Yield the windows, and in each the people ascending; read the video once and hold the images of one window."""
    begins, ends = ([samples(time, rate_hz) for time in spans[:, side]] for side in (0, 1))
    held: deque[tuple[int, float, FrameImages]] = deque()
    number = 0

    def people_in_window() -> Iterator[Window]:
        start_s, end_s = (float(time) for time in spans[number])
        by_person: dict[int, list[tuple[float, str]]] = {}
        for k, time_s, images in held:
            if begins[number] <= k < ends[number]:
                for person, url in images:
                    by_person.setdefault(person, []).append((time_s - start_s, url))
        for person in sorted(by_person):
            yield Window(person, start_s, end_s, by_person[person])

    for k, time_s, frame in frames:
        while k >= ends[number]:
            yield from people_in_window()
            number += 1
            while held and held[0][0] < begins[number]:
                held.popleft()
        held.append((k, time_s, encode(time_s, frame)))
    while number < len(spans):
        yield from people_in_window()
        number += 1
