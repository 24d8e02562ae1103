"""Events from a vision-language model: it is shown windows of a video with their times, and asked what happens when.

The windows, the prompt (``events`` in ``prompts.csv``) and how answers are merged are ours. With tracks, each person
seen in a window is asked about alone, cut out where the tracks say, and events have that person and a box; without, the
whole frames are shown, and all events belong to person 0.
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
from kinesics.media.video import probe_video, read_frames
from kinesics.signals.event_assembly import assemble_events
from kinesics.structures.events import check_events, empty_events
from kinesics.structures.timegrid import cover_with_windows, index, samples
from kinesics.structures.tracks import read_tracks
from kinesics.structures.vocabulary import LABELS
from kinesics.vlm import RETRIES_BY_SIZE, Answer, query_in_batches
from kinesics.vlm.label_ranking import check_labels
from kinesics.vlm.messages import data_url, message
from kinesics.vlm.prompts import read_prompts

#: Ten seconds hold a gesture and what leads to it; every instant is seen twice, and nowhere only at a window's edge.
WINDOW_S, STEP_S = 10.0, 5.0
#: Twenty pictures a window, as many as a request has in the protocol of Lian et al.
RATE_HZ = 2.0
#: The longer side of what is shown, in pixels.
SIZE = 512
#: What is added on each side of a person's box, as a share of its longer side: hands leave it.
MARGIN = 0.2

#: Asked about a person, whose square others may reach into.
WHOSE = " Others may be in sight: mark only what the person in the middle does."

COLUMNS = ["video", "person", "start_s", "end_s", "outcome", "events", "dropped"]

_THOUGHT = re.compile(r"<think>.*?</think>", re.S)
_OBJECT = re.compile(r"\{[^{}]*\}")


class Window(NamedTuple):
    """What one request shows: (time in the window in seconds, data URL) of each frame in [start_s, end_s)."""

    person: int
    start_s: float
    end_s: float
    pictures: list[tuple[float, str]]


class Report(NamedTuple):
    """One event that an answer tells of, in seconds of the window."""

    label: str
    start_s: float
    end_s: float
    score: float


def prompt_events(
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
    tries: Sequence[int] = RETRIES_BY_SIZE,
    progress: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask for the events of a video, window by window; return the events table and one row a window.

    Labels of the coding manual are told with their definitions. What an answer says beyond its window is cut off there,
    and what is then empty, or has a label that was not asked for, is dropped. Answers are merged by ``merge``. The
    windows' columns: ``video``, ``person``, ``start_s``, ``end_s``, ``outcome`` (see ``kinesics.vlm.put``), ``events``
    (how many were told of and kept) and ``dropped``. ``step_s`` is half the window by default.

    Raises KinesicsError for files that cannot be read, tracks of another video, and labels that would be torn apart.
    """
    check_labels(labels)
    video = Path(video)
    spans = cover_with_windows(probe_video(video).duration_s, window_s, step_s or window_s / 2)
    people = read_tracks(tracks) if tracks else None
    if people:
        check_same_video(video, video.stem, people, tracks)
        boxes = boxes_by_frame(people, "person")

        def show(time_s: float, frame: np.ndarray) -> list[tuple[int, str]]:
            found = boxes.get(int(index(time_s, people.rate_hz)), ())
            return [(person, data_url(crop_square(frame, box, MARGIN, (size, size)))) for person, box in found]
    else:

        def show(time_s: float, frame: np.ndarray) -> list[tuple[int, str]]:
            return [(0, data_url(frame, size))]

    spelling = {label.lower(): label for label in labels}

    def read(text: str, count: int) -> list[list[Report]] | None:
        reports = read_reports(text)
        return None if reports is None else [reports]

    rows, told, asked = [], [], []
    shown = tqdm(_windows(video, spans, rate_hz, show), "ask", disable=None if progress else True, unit="window")
    for window in shown:
        ((outcome, reports),) = query_in_batches(
            [window], lambda part: _messages(part[0], labels, WHOSE if people else "", detail), read, answer, 1, tries
        )
        length_s, kept = window.end_s - window.start_s, []
        for report in reports or []:
            label = spelling.get(report.label.lower())
            start_s, end_s = max(report.start_s, 0.0), min(report.end_s, length_s)
            if label and start_s < end_s:
                kept.append(
                    {
                        "person": window.person,
                        "label": label,
                        "window": len(asked),
                        "score": np.clip(report.score, 0, 1),
                    }
                    | {"start_s": window.start_s + start_s, "end_s": window.start_s + end_s}
                )
        if outcome == "answered":
            asked.append((window.person, window.start_s, window.end_s))
        told += kept
        values = window[:3]
        values = video.stem, *values, outcome, len(kept), len(reports or []) - len(kept)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    merged = []
    for (person, label), group in pd.DataFrame(told).groupby(["person", "label"]) if told else ():
        seen = np.array([span if who == person else (0, 0) for who, *span in asked], float)
        merged += [(int(person), str(label), *event) for event in merge(group, seen)]
    if people:
        rate, last = people.rate_hz, people.frames
        found = [
            (
                person,
                label,
                int(index(start, rate)),
                min(max(samples(end, rate), int(index(start, rate)) + 1), last),
                score,
            )
            for person, label, start, end, score in merged
        ]
        events, _ = assemble_events(people, found)
    else:
        events = pd.DataFrame(merged, columns=["person", "label", "start_s", "end_s", "score"])
        events = check_events(events.assign(video=video.stem)) if merged else empty_events()
    return events, pd.DataFrame(rows, columns=COLUMNS)


def merge(told: pd.DataFrame, spans: np.ndarray) -> list[tuple[float, float, float]]:
    """Join what windows told of one label (``window``, ``start_s``, ``end_s``, ``score``) into (start, end, score).

    Reports that overlap or touch are one event. At any instant, the support is the mean over the windows that show it
    (``spans``, (W, 2) in seconds) of the highest score that each gave it, 0 if none; an event's score is the mean of
    the support over its time. So an event that one of two windows tells of has half the score.
    """
    told = told.sort_values(["start_s", "end_s"], kind="stable")
    joined: list[list[float]] = []
    for start, end in zip(told["start_s"], told["end_s"], strict=True):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    starts, ends, scores, window = (told[name].to_numpy() for name in ["start_s", "end_s", "score", "window"])
    events = []
    for start, end in joined:
        edges = np.unique(np.concatenate([starts, ends, spans.ravel(), [start, end]]).clip(start, end))
        middle = (edges[1:] + edges[:-1]) / 2
        said = np.where(
            (middle >= starts[:, None]) & (middle < ends[:, None]), scores[:, None], 0
        )  # (reports, edges - 1)
        best = np.zeros((len(spans), len(middle)))
        np.maximum.at(best, window, said)
        shown = (middle >= spans[:, :1]) & (middle < spans[:, 1:])
        support = best.sum(0) / shown.sum(0)
        events.append((float(start), float(end), float(support @ np.diff(edges) / (end - start))))
    return events


def read_reports(text: str) -> list[Report] | None:
    """Return the events that an answer tells of, or None if it is neither a list of them nor an empty list.

    The objects may be JSON or Python, in a fence or among words; one that is cut off at the end is left out, as is what
    stands before. An object without a label, a start and an end makes the answer unreadable.
    """
    text = _THOUGHT.sub("", text)
    objects = _OBJECT.findall(text)
    if not objects:
        return [] if re.search(r"\[\s*\]", text) else None
    reports = []
    for one in objects:
        label = re.search(r"label['\"]?\s*:\s*(?:\"([^\"]+)\"|'([^']+)')", one, re.I)
        start, end, score = (_number(name, one) for name in ("start", "end", "score"))
        if not label or start is None or end is None:
            return None
        reports.append(Report((label[1] or label[2]).strip(), start, end, 1.0 if score is None else score))
    return reports


def _number(name: str, text: str) -> float | None:
    found = re.search(rf"\b{name}\w*['\"]?\s*:\s*['\"]?(-?\d+(?:\.\d*)?|\.\d+)\s*(?:s\b)?['\"]?\s*[,}}\n]", text, re.I)
    return float(found[1]) if found else None


def _messages(window: Window, labels: Sequence[str], whose: str, detail: str | None) -> list[dict]:
    manual = LABELS["definition"]
    facts = {
        "whose": whose,
        "frames": len(window.pictures),
        "seconds": _seconds(window.end_s - window.start_s),
        "labels": "\n".join(f"- {label}: {manual[label]}" if label in manual else f"- {label}" for label in labels),
    }
    pictures = [(f"{_seconds(time_s)} s", url) for time_s, url in window.pictures]
    return message(Template(read_prompts()["events"]["text"]).substitute(facts), pictures, detail)


def _seconds(time_s: float) -> str:
    return f"{round(time_s, 2):g}"


def _windows(
    video: Path, spans: np.ndarray, rate_hz: float, show: Callable[[float, np.ndarray], list[tuple[int, str]]]
) -> Iterator[Window]:
    """Yield the windows, and in each the people ascending, reading the video once and holding a window's pictures."""
    begins, ends = ([samples(time, rate_hz) for time in spans[:, side]] for side in (0, 1))
    held: deque[tuple[int, float, list[tuple[int, str]]]] = deque()
    number = 0

    def window() -> Iterator[Window]:
        start_s, end_s = (float(time) for time in spans[number])
        seen: dict[int, list[tuple[float, str]]] = {}
        for k, time_s, shown in held:
            if begins[number] <= k < ends[number]:
                for person, url in shown:
                    seen.setdefault(person, []).append((time_s - start_s, url))
        for person in sorted(seen):
            yield Window(person, start_s, end_s, seen[person])

    for k, time_s, frame in read_frames(video, rate_hz):
        while k >= ends[number]:
            yield from window()
            number += 1
            while held and held[0][0] < begins[number]:
                held.popleft()
        held.append((k, time_s, show(time_s, frame)))
    while number < len(spans):
        yield from window()
        number += 1
