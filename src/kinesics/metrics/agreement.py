"""Agreement frame by frame: each label is a yes or no for every person at every sampled instant."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import units_of_events
from kinesics.metrics.matching import ratio
from kinesics.structures.timegrid import rasterise, samples, seconds

RATE_HZ = 10.0
#: The most frames of all videos together: 2,700 hours at 10 Hz, and about two gigabytes.
MOST_SAMPLES = 10**8


def frame_counts(
    truth: pd.DataFrame,
    predicted: pd.DataFrame,
    durations: Mapping[str, float],
    labels: Sequence[str],
    rate_hz: float = RATE_HZ,
    units: Mapping[str, range] | None = None,
    block_s: float = np.inf,
) -> np.ndarray:
    """Return how many person-frames fall in each cell, truth no/yes by predicted no/yes: int (L, U, 2, 2).

    Each video of ``durations`` (seconds) is sampled at the middle of intervals of 1 / rate_hz, once for each person
    that either table names in it (with any label), and once where neither names one. What an event covers past the end
    is not counted. ``units`` and ``block_s`` are those of ``intervals``; the default is one unit a video. Raises
    KinesicsError unless rate_hz is above 0 and finite, and for more than ``MOST_SAMPLES`` frames.
    """
    if not 0 < rate_hz < np.inf:
        raise KinesicsError(f"rate_hz {rate_hz} is not above 0 Hz and finite")
    if units is None:
        units = {video: range(i, i + 1) for i, video in enumerate(sorted(durations))}
    n_units = sum(map(len, units.values()))
    both = [table.groupby(["video", "person", "label"]).indices for table in (truth, predicted)]
    times = [table[["start_s", "end_s"]].to_numpy() for table in (truth, predicted)]
    persons: dict[str, set[int]] = {video: set() for video in durations}
    for video, person, _ in {*both[0], *both[1]}:
        persons[video].add(person)
    number = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(labels), n_units, 4), int)
    n_samples = {video: samples(duration, rate_hz) for video, duration in durations.items()}
    if sum(n_samples.values()) > MOST_SAMPLES:
        longest = max(durations, key=durations.get)
        raise KinesicsError(
            f"{sum(n_samples.values())} frames are too many to compare: video {longest!r} has {durations[longest]:g} s at "
            f"{rate_hz:g} Hz; are its times seconds? Else give a lower rate"
        )
    middle = {video: seconds(np.arange(n) + 0.5, rate_hz) for video, n in n_samples.items()}
    unit = {video: units_of_events([video] * len(time), time, units, block_s) for video, time in middle.items()}
    for video in durations:
        counts[:, :, 0] += np.bincount(unit[video], minlength=n_units) * max(len(persons[video]), 1)
    for key in sorted({*both[0], *both[1]}):
        video, _, label = key
        if label in number:
            a, b = (
                rasterise(time[rows.get(key, [])], n_samples[video], rate_hz)
                for time, rows in zip(times, both, strict=True)
            )
            cell = np.bincount(unit[video] * 4 + a * 2 + b, minlength=n_units * 4).reshape(n_units, 4)
            cell[:, 0] = -cell[:, 1:].sum(1)  # these frames were counted as no/no above
            counts[number[label]] += cell
    return counts.reshape(len(labels), n_units, 2, 2)


def cohen_kappa(counts: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa of tables of counts (..., 2, 2): (...).

    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of frames on which both agree and p_e the share expected from
    their marginals (Cohen, Educational and Psychological Measurement 20, 1960). 1 is full agreement, 0 that of chance.
    NaN where p_e is 1: both say yes, or both say no, to every frame.
    """
    counts = np.asarray(counts, float)
    total = counts.sum((-2, -1))
    agreed = (counts[..., 0, 0] + counts[..., 1, 1]) * total
    expected = (counts.sum(-1) * counts.sum(-2)).sum(-1)
    return ratio(agreed - expected, total**2 - expected)


def frame_kappa(
    truth: pd.DataFrame, predicted: pd.DataFrame, durations: Mapping[str, float], rate_hz: float = RATE_HZ
) -> pd.Series:
    """Return the frame-wise Cohen's kappa of each label of either table; its mean leaves out labels where it is NaN."""
    labels = sorted({*truth["label"], *predicted["label"]})
    counts = frame_counts(truth, predicted, durations, labels, rate_hz).sum(1)
    return pd.Series(cohen_kappa(counts), index=pd.Index(labels, name="label"))
