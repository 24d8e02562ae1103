"""Frames and pixels of formats that count in them, from what is known of the video."""

from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.formats.annotations import Box
from kinesics.formats.base import Options
from kinesics.structures.timegrid import seconds


def frame_rate(path: Path, options: Options, own: float | None = None) -> float:
    """Return the frame rate in Hz: the given one, or that of the file itself. Raises KinesicsError if there is none."""
    rate = options.media.rate_hz or own
    if not rate or rate <= 0:
        raise KinesicsError(f"{path}: its times are frames: give the video with --media, or its rate with --rate")
    return rate


def frame_size(path: Path, options: Options, own: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return width and height of the frame: the file's own, or the given ones. Raises KinesicsError if there are none."""
    size = own or (options.media.width or 0, options.media.height or 0)
    if min(size) <= 0:
        raise KinesicsError(f"{path}: its boxes are pixels: give the video with --media, or its size with --size")
    return size


def frames_of(start_s: float, end_s: float, rate_hz: float) -> tuple[int, int]:
    """Return the first frame of an event, from 0, and the one after its last: at least one frame."""
    first = round(start_s * rate_hz)
    return first, max(round(end_s * rate_hz), first + 1)


def span_s(first: float, after: float, rate_hz: float) -> tuple[float, float]:
    """Return the times of frames, from 0, up to the one before ``after``."""
    return seconds(first, rate_hz), seconds(after, rate_hz)


def fraction(box: tuple[float, float, float, float], width: float, height: float) -> Box:
    """Return a box of pixels, left, top, right and bottom, in fractions of the frame, at most a little beyond it."""
    x0, x1 = sorted((box[0] / width, box[2] / width))
    y0, y1 = sorted((box[1] / height, box[3] / height))
    x0, y0, x1, y1 = (min(max(side, -0.5), 1.5) for side in (x0, y0, x1, y1))
    return x0, y0, x1, y1


def median_box(tube: tuple[tuple[float, float, float, float, float], ...]) -> Box | None:
    """Return the median of the boxes of an event, as an events table holds it."""
    if not tube:
        return None
    sides = [sorted(column) for column in list(zip(*tube, strict=True))[1:]]
    middle = [(side[(len(side) - 1) // 2] + side[len(side) // 2]) / 2 for side in sides]
    return middle[0], middle[1], middle[2], middle[3]
