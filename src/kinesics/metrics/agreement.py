"""Measure agreement frame by frame: each label is true or not for every person at every sampled instant."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import Units, block_units
from kinesics.metrics.matching import ratio
from kinesics.structures.timegrid import samples, seconds

RATE_HZ = 10.0
#: The most frames of all videos together, 2,700 hours at 10 Hz: beyond it, times are hardly in seconds.
MOST_SAMPLES = 10**8


def frame_counts(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    durations: Mapping[str, float],
    labels: Sequence[str],
    rate_hz: float = RATE_HZ,
    units: Units | None = None,
) -> np.ndarray:
    """Return how many person-frames fall in each cell, truth no/yes by predicted no/yes: int (L, U, 2, 2).

    Each video of ``durations`` (seconds) is sampled at the middle of intervals of 1 / rate_hz, once for each person
    in either table (with any label), and once where neither has one. What an event covers past the end of its video is
    not counted. ``units`` are those of the bootstrap, by default one per video. Frames are counted by the ends of events,
    so that time and memory depend on the number of events and not on the durations. Raises KinesicsError unless rate_hz
    is above 0 and finite, and for more than ``MOST_SAMPLES`` frames.
    """
    if not 0 < rate_hz < np.inf:
        raise KinesicsError(f"rate_hz {rate_hz} is not above 0 Hz and finite")
    units = units or block_units(durations, np.inf)
    videos = list(units.of_video)
    n_samples = np.array([samples(durations[video], rate_hz) for video in videos], int)
    if n_samples.sum() > MOST_SAMPLES:
        longest = max(durations, key=lambda video: durations[video])
        raise KinesicsError(
            f"{n_samples.sum()} frames are too many to compare: video {longest!r} has {durations[longest]:g} s at "
            f"{rate_hz:g} Hz; are its times seconds? Else give a lower rate"
        )
    offset = np.concatenate([[0], n_samples.cumsum()])  # the frames of all videos lie on one axis
    both = pd.concat([truth, predicted])
    number = {video: i for i, video in enumerate(videos)}
    video = np.array([number[name] for name in both["video"]], int)
    n_persons = np.bincount(video[~both.duplicated(["video", "person"]).to_numpy()], minlength=len(videos)).clip(min=1)

    of_unit = np.repeat(np.arange(len(videos)), [len(of) for of in units.of_video.values()])
    begin = first_sample(
        lambda sample: units.block(seconds(sample + 0.5, rate_hz)) >= units.first_block, n_samples[of_unit]
    )
    bounds = np.append(offset[of_unit] + begin, offset[-1])
    first, stop = (
        first_sample(lambda sample, time=time: seconds(sample + 0.5, rate_hz) >= time, n_samples[video]) + offset[video]
        for time in both[["start_s", "end_s"]].to_numpy(float).T
    )
    group = both.groupby(["video", "person", "label"], sort=False).ngroup().to_numpy()
    is_truth = np.arange(len(both)) < len(truth)
    segments, cell, row = covered_segments(first, stop, group, is_truth)
    label = pd.Index(labels).get_indexer(both["label"])[row]

    counts = np.zeros((len(labels), len(of_unit), 4), int)
    for k in range(len(labels)):
        for kind in (1, 2, 3):
            counts[k, :, kind] = np.diff(covered_before(bounds, segments[(label == k) & (cell == kind)]))
    counts[:, :, 0] = np.diff(bounds) * n_persons[of_unit] - counts.sum(-1)
    return counts.reshape(len(labels), len(of_unit), 2, 2)


def first_sample(reached: Callable[[np.ndarray], np.ndarray], count: np.ndarray) -> np.ndarray:
    """Return the first of ``count`` samples, element by element, at which ``reached`` holds, else ``count``: int (N,).

    By bisection: where it holds for a sample, it holds for all later ones.
    """
    low, high = np.zeros_like(count), count.copy()
    while (low < high).any():
        middle = (low + high) // 2
        holds = reached(middle) | (low == high)
        low, high = np.where(holds, low, middle + 1), np.where(holds, middle, high)
    return low


def covered_segments(
    first: np.ndarray, stop: np.ndarray, group: np.ndarray, is_truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the segments of frames that an event of each group covers, cut where it changes whether a true one does.

    In: the frames [first, stop) of each event, what it belongs to, and whether it is true, (N,) each. Out: frames
    [first, stop) of each segment, int (S, 2); 1 where only predicted events cover it, 2 where only true ones do, and 3
    where both do, int (S,); and the number of an event of its group, int (S,).
    """
    step = np.concatenate([np.ones(len(first), int), -np.ones(len(stop), int)])
    frame, group, is_truth = np.concatenate([first, stop]), np.tile(group, 2), np.tile(is_truth, 2)
    order = np.lexsort((frame, group))
    # Every event that starts in a group also ends there: the counts are 0 where the next group begins.
    true, predicted = ((step * of)[order].cumsum()[:-1] > 0 for of in (is_truth, ~is_truth))
    cell = 2 * true + predicted
    segments = np.stack([frame[order][:-1], frame[order][1:]], 1)
    keep = (cell > 0) & (segments[:, 0] < segments[:, 1])
    return segments[keep], cell[keep], (order % max(len(first), 1))[:-1][keep]


def covered_before(frame: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Return how many frames of segments [first, stop), int (S, 2), lie before each of some frames (N,): int (N,)."""
    total = np.zeros(len(frame), int)
    for ends, sign in zip(segments.T, (1, -1), strict=True):
        ends = np.sort(ends)
        number = np.searchsorted(ends, frame)
        total += sign * (number * frame - np.concatenate([[0], ends.cumsum()])[number])
    return total


def cohen_kappa(counts: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa of tables of counts (..., 2, 2): (...).

    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of frames on which both agree and p_e the share expected from
    their marginals (Cohen, Educational and Psychological Measurement 20, 1960). 1 is full agreement, 0 that of chance.
    NaN where p_e is 1: both have the label in every frame, or both in none.
    """
    counts = np.asarray(counts, float)
    total = counts.sum((-2, -1))
    agreed = (counts[..., 0, 0] + counts[..., 1, 1]) * total
    expected = (counts.sum(-1) * counts.sum(-2)).sum(-1)
    return ratio(agreed - expected, total**2 - expected)
