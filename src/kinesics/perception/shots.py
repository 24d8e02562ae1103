"""Number the shots of a video: detect cuts, and fades through a blank picture, frame by frame in constant memory.

A cut is a difference between successive frames that stands out from those of the frames about it, as in the adaptive
detector of PySceneDetect (Castellano, scenedetect.com). Here it also has to be lasting, which a flash is not, to outdo
the largest of its neighbours and not their mean, which motion of a sudden does not, and to change much of the picture.

TransNetV2 (Soucek and Lokoc 2020, arXiv:2008.04838) also detects dissolves, at thirty times the cost and with torch.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

_WIDTH, _HEIGHT = 64, 36  # of the thumbnails that are compared: motion within 2 % of the frame is averaged away
_GRID = (16, 9)  # parts of the picture that change or do not
# The thresholds were searched on half of the spliced clips, fades, flashes, pans, zooms and passers-by, and held on the rest.
_SMALL, _MUCH_MORE = 8.0, 4.0  # a difference in CIELAB that may be a cut, if it is so many times its largest neighbour
_LARGE, _MORE = 20.0, 1.8
_LASTING = 0.7  # the share of a cut's difference that stays between frames farther apart
_PART, _CHANGED = (
    0.33,
    6.0,
)  # the least share of the picture that changes, by this difference: a third is no cut by itself
_NOISE = 0.3  # added to neighbours, which may be 0
_BLANK = 4.0  # spread of lightness within a picture of one colour
_AFTER = 2  # pictures after a cut that are compared before it is reported
_STILL = 10  # frames that count as one picture where nothing changes


class ShotFrame(NamedTuple):
    """A sampled frame: its number, time, image, uint8 RGB (height, width, 3), and the number of its shot."""

    k: int
    time_s: float
    image: np.ndarray
    shot: int


@dataclass(eq=False)
class _Picture:
    """A picture, and the frames (k, time, frame) that show it."""

    thumbnail: np.ndarray
    frames: list[tuple[int, float, np.ndarray]] = field(default_factory=list)

    @property
    def blank(self) -> bool:
        return bool(self.thumbnail[..., 0].std() < _BLANK)


def number_shots(frames: Iterable[tuple[int, float, np.ndarray]]) -> Iterator[ShotFrame]:
    """Yield the frames (k, time_s, image) with the number of their shot, from 0, one more at each cut.

    A fade through a blank picture counts as one cut, at the first frame that is
    not blank. Dissolves are not detected. What is yielded is two pictures behind what was read; whether there is a cut
    before a frame depends on three pictures on either side of it, a picture being up to ten equal frames.
    """
    pictures: deque[_Picture] = deque(maxlen=2 * _AFTER + 2)  # three before the cut, and three from it on
    waiting: deque[_Picture] = deque()
    shot, content, was_blank = 0, False, False

    def decide() -> Iterator[ShotFrame]:
        nonlocal shot, content, was_blank
        picture = waiting.popleft()
        if not picture.blank:
            shot += content and (was_blank or _is_cut(list(pictures), pictures.index(picture)))
            content = True
        was_blank = picture.blank
        for k, time_s, frame in picture.frames:
            yield ShotFrame(k, time_s, frame, shot)
        picture.frames = []

    for k, time_s, frame in frames:
        last = waiting[-1] if waiting else None
        if last and len(last.frames) < _STILL and _equal(frame, last.frames[-1][2]):
            last.frames.append((k, time_s, last.frames[-1][2]))  # the same array: no more memory is held
            continue
        picture = _Picture(_thumbnail(frame), [(k, time_s, frame)])
        pictures.append(picture)
        waiting.append(picture)
        if len(waiting) > _AFTER:
            yield from decide()
    while waiting:
        yield from decide()


def _equal(frame: np.ndarray, other: np.ndarray) -> bool:
    return frame is other or (np.array_equal(frame[::16, ::16], other[::16, ::16]) and np.array_equal(frame, other))


def _thumbnail(frame: np.ndarray) -> np.ndarray:
    """Return a small picture (36, 64, 3) in CIELAB, without fine detail."""
    height, width = frame.shape[:2]
    sparse = frame[:: max(height // (4 * _HEIGHT), 1), :: max(width // (4 * _WIDTH), 1)]
    small = cv2.resize(np.ascontiguousarray(sparse), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 1.0)


def _is_cut(pictures: list[_Picture], i: int) -> bool:
    """Return whether there is a cut before picture ``i``, from those about it; at the ends there are fewer."""
    if i == 0:
        return False
    here = _difference(pictures[i - 1], pictures[i])
    if here < _SMALL:
        return False
    about = [j for j in (i - 2, i - 1, i + 1, i + 2) if 0 < j < len(pictures)]
    largest = max((_difference(pictures[j - 1], pictures[j]) for j in about), default=0.0) + _NOISE
    if here < (_MORE if here >= _LARGE else _MUCH_MORE) * largest:
        return False
    across = [(i - 2, i), (i - 1, i + 1), (i - 2, i + 1), (i - 1, i + 2), (i - 3, i)]
    pairs = [(a, b) for a, b in across if a >= 0 and b < len(pictures)]
    if any(_difference(pictures[a], pictures[b]) < _LASTING * here for a, b in pairs):
        return False
    lightness = [picture.thumbnail[..., 0] for picture in pictures[i - 1 : i + 1]]
    standard = [(values - values.mean()) / (values.std() + _BLANK) for values in lightness]
    colours = np.abs(pictures[i - 1].thumbnail[..., 1:] - pictures[i].thumbnail[..., 1:]).sum(2)
    changed = cv2.resize(20 * np.abs(standard[0] - standard[1]) + colours, _GRID, interpolation=cv2.INTER_AREA)
    return bool((changed > _CHANGED).mean() >= _PART)


def _difference(a: _Picture, b: _Picture) -> float:
    """Return the mean difference of two pictures: the sum over the channels of CIELAB, each in [0, 255]."""
    return float(np.abs(a.thumbnail - b.thumbnail).sum(2).mean())
