"""Convert between scores on a regular grid of sampled frames and segments in seconds.

Sample k of a grid at ``rate_hz`` stands for the half-open interval [k / rate_hz, (k + 1) / rate_hz). Only this module converts
frame numbers and seconds into each other.
"""

from dataclasses import dataclass
from typing import overload

import numpy as np
from scipy.ndimage import uniform_filter1d

from kinesics.errors import KinesicsError

#: The longest video there may be, in seconds: beyond it, times are in milliseconds by mistake.
LONGEST_S = 1e6


@overload
def seconds(index: np.ndarray, rate_hz: float) -> np.ndarray: ...
@overload
def seconds(index: float, rate_hz: float) -> float: ...
def seconds(index: np.ndarray | float, rate_hz: float) -> np.ndarray | float:
    """Return the time in seconds at which sample ``index`` begins."""
    return index / rate_hz


def samples(duration_s: float, rate_hz: float) -> int:
    """Return the number of samples that begin in [0, duration_s)."""
    return max(int(np.ceil(round(duration_s * rate_hz, 6))), 0)


@dataclass(frozen=True)
class Span:
    """A part of a video, from ``start_s`` to ``end_s`` in seconds, by default to its end. Times stay those of the video."""

    start_s: float = 0.0
    end_s: float | None = None

    def end_in(self, duration_s: float) -> float:
        """Return where the span ends in a video."""
        return duration_s if self.end_s is None else min(self.end_s, duration_s)

    def samples(self, duration_s: float, rate_hz: float) -> range:
        """Return the numbers of the samples that begin in the span, of a video of ``duration_s``."""
        return range(samples(self.start_s, rate_hz), samples(self.end_in(duration_s), rate_hz))

    def check(self, where: str, duration_s: float) -> None:
        """Raise KinesicsError, naming ``where``, unless the span has a part of a video of ``duration_s``."""
        end_s = duration_s if self.end_s is None else self.end_s
        if not 0 <= self.start_s < min(end_s, duration_s):
            raise KinesicsError(
                f"{where}: has no part from {self.start_s:g} s to {end_s:g} s: it lasts {duration_s:.2f} s; "
                "the start must lie before the end, and within the video"
            )


WHOLE = Span()


@overload
def index(time_s: np.ndarray, rate_hz: float) -> np.ndarray: ...
@overload
def index(time_s: float, rate_hz: float) -> int: ...
def index(time_s: np.ndarray | float, rate_hz: float) -> np.ndarray | int:
    """Return the sample whose interval contains each time; ``index(seconds(k)) == k`` for every k."""
    return np.floor(np.round(np.asarray(time_s) * rate_hz, 6)).astype(int)


def rasterise(segments: np.ndarray, count: int, rate_hz: float) -> np.ndarray:
    """Mark the samples whose middle lies in any of the segments (N, 2) in seconds: bool (count,)."""
    middle = (np.arange(count) + 0.5) / rate_hz
    segments = np.asarray(segments, float).reshape(-1, 2)
    return np.asarray(((middle[:, None] >= segments[:, 0]) & (middle[:, None] < segments[:, 1])).any(1))


def runs(mask: np.ndarray) -> np.ndarray:
    """Return the [start, stop) sample numbers of each run of True in ``mask`` (T,): int (N, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.asarray(mask, bool), [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def hysteresis(score: np.ndarray, on: float, off: float, min_samples: int = 1, gap_samples: int = 0) -> np.ndarray:
    """Return the [start, stop) sample numbers where the score (T,) stays at or above ``off`` and reaches ``on``.

    Runs with at most ``gap_samples`` between them are joined first; then those under ``min_samples`` are dropped. NaN
    counts as below ``off``. Raises ValueError if ``on < off``.
    """
    if on < off:
        raise ValueError(f"on {on} is below off {off}: the threshold to enter must not be lower than the one to leave")
    score = np.nan_to_num(np.asarray(score, float), nan=-np.inf)
    reaching = [run for run in runs(score >= off) if score[run[0] : run[1]].max() >= on]
    joined: list[list[int]] = []
    for start, stop in reaching:
        if joined and start - joined[-1][1] <= gap_samples:
            joined[-1][1] = int(stop)
        else:
            joined.append([int(start), int(stop)])
    return np.array([run for run in joined if run[1] - run[0] >= min_samples], int).reshape(-1, 2)


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Return the centred moving average over ``width`` samples along axis 0, ignoring NaN; all-NaN windows stay NaN."""
    values = np.asarray(values, float)
    valid = np.isfinite(values).astype(float)
    total = uniform_filter1d(np.nan_to_num(values), width, axis=0, mode="constant")
    share = uniform_filter1d(valid, width, axis=0, mode="constant")
    return np.where(share > 1e-9, total / np.maximum(share, 1e-9), np.nan)


def label_runs(labels: np.ndarray, times_s: np.ndarray, end_s: float) -> list[tuple[str, float, float]]:
    """Return (label, start, end) in seconds of each run of equal labels in a sequence of frames with time stamps.

    ``labels`` and ``times_s`` have shape (T,), times ascending; a frame lasts until the next one, the last until
    ``end_s``. Frames that the sensor dropped inside a run do not end it.
    """
    labels = np.asarray(labels)
    starts = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
    edges = np.append(np.asarray(times_s, float)[starts], end_s)
    return [(str(labels[k]), float(a), float(b)) for k, a, b in zip(starts, edges[:-1], edges[1:], strict=True)]


def hold_last(times_s: np.ndarray, count: int, rate_hz: float, hold_s: float) -> np.ndarray:
    """Return the frame, by its time stamp, that lasts at each of ``count`` samples of a grid: int (count,), -1 for none.

    A frame lasts until the next one, but at most ``hold_s`` seconds: after that the sensor's value is missing.
    """
    times_s = np.asarray(times_s, float)
    grid = seconds(np.arange(count), rate_hz) + 1e-6  # stamps are rounded
    frame = np.searchsorted(times_s, grid, side="right") - 1
    return np.where((frame >= 0) & (grid - times_s[frame.clip(0)] < hold_s), frame, -1)


def cover_with_windows(duration_s: float, length_s: float, step_s: float) -> np.ndarray:
    """Return windows [start, end) in seconds that cover [0, duration_s), one every ``step_s``: (N, 2).

    The last one ends with the video, and none lies inside another. Raises ValueError unless 0 < step_s <= length_s.
    """
    if not 0 < step_s <= length_s:
        raise ValueError(f"windows of {length_s} s every {step_s} s: the step must be above 0 and at most the length")
    count = max(int(np.ceil(round((duration_s - length_s) / step_s, 6))), 0) + 1
    start = np.arange(count) * step_s
    return np.stack([start, np.minimum(start + length_s, duration_s)], 1)
