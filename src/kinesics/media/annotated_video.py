"""Copy a video with the boxes and labels of events drawn into its frames."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from kinesics.io.files import replacing
from kinesics.media.audio import SOUND_HZ, read_sound_windows
from kinesics.media.encoding import encode_video
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.media.video import probe_video, read_frames
from kinesics.structures.events import BOX, Events
from kinesics.structures.timegrid import WHOLE, Span
from kinesics.structures.vocabulary import LABELS

_QUALITY = 23.0  # constant rate factor: x264's default
_FASTEST_HZ = 60.0
_OTHER = "#FFFFFF"  # the colour of labels that are not in the vocabulary
_LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
_HELD_S = 0.25  # a box is drawn until the next one of its event, at most so long


def write_annotated_video(
    video: str | Path, events: Events, path: str | Path, options: ReadOptions = AS_IT_COMES, span: Span = WHOLE
) -> None:
    """Write an MP4 of a video in which each event is drawn while it lasts: its box, label, person and score.

    Boxes are those of the tubes, or the events' own where there are none. The copy has a constant frame rate, the video's
    mean but at most 60 Hz, square pixels, an even size, and mono sound. Memory does not grow with the video's length.

    ``options`` choose the streams; only ``span`` is copied. Raises KinesicsError as ``media.video.read_frames`` does.
    """
    info = probe_video(video, options)
    rate_hz = min(max(info.rate_hz, 1.0), _FASTEST_HZ)
    size = (info.width - info.width % 2, info.height - info.height % 2)
    sound = (SOUND_HZ, _Sound(video, options, span.start_s)) if info.has_audio else None
    with replacing(path) as temporary:
        frames = _drawn(read_frames(video, rate_hz, options, span), size, _Boxes(events))
        encode_video(temporary, frames, size, rate_hz, quality=_QUALITY, sound=sound)


def _drawn(
    frames: Iterator[tuple[int, float, np.ndarray]], size: tuple[int, int], boxes: "_Boxes"
) -> Iterator[np.ndarray]:
    width, height = size
    for _, time_s, frame in frames:
        canvas = frame[:height, :width].copy()  # a frame may be given twice
        lanes: Counter[int] = Counter()
        for row, box in boxes.at(time_s):
            _draw(canvas, row, box, lanes[row["person"]])
            lanes[row["person"]] += 1
        yield canvas


class _Boxes:
    """The boxes of events over time. Queries come in ascending order of time."""

    def __init__(self, events: Events):
        self._events = events.table
        tubes = events.tubes if events.tubes is not None else pd.DataFrame(columns=["event", "time_s", *BOX])
        self._tubes = {int(event): part for event, part in tubes.groupby("event")}
        self._started, self._next = [], 0

    def at(self, time_s: float) -> Iterator[tuple[pd.Series, np.ndarray]]:
        """Yield (event, box) of each event at a time, the box in fractions of the frame; events without one are left out."""
        start, end = (self._events[name].to_numpy() for name in ("start_s", "end_s"))
        while self._next < len(start) and start[self._next] <= time_s:
            self._started.append(self._next)
            self._next += 1
        self._started = [number for number in self._started if end[number] > time_s]
        for number in self._started:
            row = self._events.iloc[number]
            box = row[BOX].to_numpy(float)
            if number in self._tubes:
                tube = self._tubes[number]
                place = int(np.searchsorted(tube["time_s"].to_numpy(), time_s + 1e-6)) - 1
                if place < 0 or time_s - tube["time_s"].iloc[place] > _HELD_S:
                    continue
                box = tube[BOX].iloc[place].to_numpy(float)
            if np.isfinite(box).all():
                yield row, box


class _Sound:
    """The sound of a video from a time on, in consecutive parts, as int16."""

    def __init__(self, video: str | Path, options: ReadOptions, start_s: float):
        self._blocks = (block for _, block in read_sound_windows(video, 1.0, SOUND_HZ, options))
        self._held = next(self._blocks, np.empty(0, np.float32))[SOUND_HZ // 2 :]  # the first lies about time 0
        passed = round(start_s * SOUND_HZ)
        while len(self._held) < passed:
            passed -= len(self._held)
            self._held = next(self._blocks, np.zeros(passed, np.float32))
        self._held = self._held[passed:]

    def __call__(self, begin_s: float, end_s: float) -> np.ndarray:
        count = round(end_s * SOUND_HZ) - round(begin_s * SOUND_HZ)
        while len(self._held) < count:
            self._held = np.concatenate([self._held, next(self._blocks, np.zeros(count, np.float32))])
        block, self._held = self._held[:count], self._held[count:]
        return np.round(np.clip(block, -1, 1) * 32767).astype(np.int16)


def _draw(canvas: np.ndarray, row: pd.Series, box: np.ndarray, lane: int) -> None:
    """Draw one event into a frame (height, width, 3), in place, with its text in a lane of its own below the box's top."""
    height, width = canvas.shape[:2]
    colour = _colour(row["label"])
    x0, y0, x1, y1 = np.round(np.clip(box, 0, 1) * [width, height, width, height]).astype(int).tolist()
    line = max(round(height / 360), 1)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, 2 * line)
    label = str(row["label"]).encode("ascii", "replace").decode()
    text = f"{row['person']} {label} {row['score']:.2f}"
    scale = max(height / 720, 0.35)
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, line)
    y = min(max(y0, 0) + (high + below) * (lane + 1), height - below)
    x = max(min(x0, width - wide), 0)
    cv2.rectangle(canvas, (x, y - high), (x + wide, y + below), colour, cv2.FILLED)
    ink = (0, 0, 0) if np.dot(colour, _LUMINANCE) > 128 else (255, 255, 255)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, line, cv2.LINE_AA)


def _colour(label: str) -> tuple[int, int, int]:
    code = LABELS["colour"].get(label, _OTHER)
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
