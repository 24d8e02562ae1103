"""Time budgets: how often, how long and when each person shows each behaviour, and what follows what.

The measures are those of behavioural observation: bouts, durations, rates, latencies and transitions (Bateson and Martin,
Measuring Behaviour, 4th edition, Cambridge University Press, 2021).
"""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing, write_json
from kinesics.structures.events import check_events

KEYS = ["video", "person", "label", "family"]
COLUMNS = [
    *KEYS, "bouts", "total_s", "share", "mean_s", "sd_s", "shortest_s", "longest_s",
    "per_minute", "latency_s", "mean_interval_s",
]  # fmt: skip
TRANSITIONS = ["video", "person", "from", "to", "count", "probability"]


def bouts(events: pd.DataFrame) -> pd.DataFrame:
    """Return events, those of a person and label that overlap merged: columns ``KEYS``, ``start_s``, ``end_s``."""
    merged: list[tuple[Any, ...]] = []
    for key, group in check_events(events).groupby(["video", "person", "label"], sort=True):
        family = str(group["family"].iloc[0])
        spans: list[list[float]] = []
        for start, end in zip(group["start_s"], group["end_s"], strict=True):  # in the order of starts
            if spans and start < spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([start, end])
        merged += [(*key, family, *span) for span in spans]
    return pd.DataFrame(merged, columns=[*KEYS, "start_s", "end_s"])


def time_budget(events: pd.DataFrame, durations: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return a row per video, person and label that occur, with the columns ``COLUMNS``.

    ``durations`` are the seconds that each video was observed (default: up to the end of its last event). Events of a person
    and label that overlap are one bout. ``share`` is that of the observed time; ``latency_s`` the first start;
    ``mean_interval_s`` the mean time from an end to the next start; ``sd_s`` is NaN for one bout, ``mean_interval_s`` too.

    Raises KinesicsError for a video without a duration, or a duration that is not above 0.
    """
    merged = bouts(events)
    observed = _observed(merged, durations)
    rows: list[tuple[Any, ...]] = []
    for key, group in merged.groupby(KEYS, sort=False):
        length = (group["end_s"] - group["start_s"]).to_numpy()
        gaps = group["start_s"].to_numpy()[1:] - group["end_s"].to_numpy()[:-1]
        duration = observed[str(key[0])]
        rows.append(
            (
                *key,
                len(group),
                length.sum(),
                length.sum() / duration,
                length.mean(),
                length.std(ddof=1) if len(length) > 1 else np.nan,
                length.min(),
                length.max(),
                60 * len(group) / duration,
                group["start_s"].iloc[0],
                gaps.mean() if len(gaps) else np.nan,
            )
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def transitions(events: pd.DataFrame) -> pd.DataFrame:
    """Return how often a bout of one label is followed by one of another, the next to start, of the same person.

    Columns ``TRANSITIONS``: ``probability`` is the share among all that follow bouts of ``from``.
    """
    counts: Counter[tuple[str, int, str, str]] = Counter()
    for (video, person), group in bouts(events).groupby(["video", "person"], sort=True):
        labels = group.sort_values(["start_s", "end_s", "label"])["label"].tolist()
        counts.update((str(video), int(person), *pair) for pair in pairwise(labels))
    followed: Counter[tuple[str, int, str]] = Counter()
    for key, count in counts.items():
        followed[key[:3]] += count
    rows = [(*key, count, count / followed[key[:3]]) for key, count in sorted(counts.items())]
    return pd.DataFrame(rows, columns=TRANSITIONS)


def _observed(events: pd.DataFrame, durations: Mapping[str, float] | None) -> dict[str, float]:
    """Return the observed seconds of each video."""
    videos = events["video"].unique().tolist()
    if durations is None:
        return {video: float(events.loc[events["video"] == video, "end_s"].max()) for video in videos}
    if missing := [video for video in videos if video not in durations]:
        raise KinesicsError(f"video {missing[0]!r} has no duration")
    if wrong := [video for video in durations if not durations[video] > 0]:
        raise KinesicsError(f"video {wrong[0]!r}: the duration {durations[wrong[0]]} s is not above 0")
    return dict(durations)


def summary(events: pd.DataFrame, durations: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Return time budget and transitions as JSON values: ``observed_s`` by video, ``behaviours`` and ``transitions``."""
    tables = {"behaviours": time_budget(events, durations), "transitions": transitions(events)}
    lists = {
        name: [
            {key: _plain(value) for key, value in zip(table.columns, row, strict=True)}
            for row in table.itertuples(index=False, name=None)
        ]
        for name, table in tables.items()
    }
    return {"observed_s": {name: round(s, 6) for name, s in _observed(bouts(events), durations).items()}} | lists


def _plain(value: Any) -> Any:
    """Return a cell as a JSON value with six digits after the point, NaN as None."""
    if isinstance(value, float):
        return None if np.isnan(value) else round(float(value), 6)
    return value.item() if isinstance(value, np.generic) else value


def write_summary(
    events: pd.DataFrame, csv: str | Path, json: str | Path | None = None, durations: Mapping[str, float] | None = None
) -> None:
    """Write the time budget as CSV, and with the transitions as JSON, atomically."""
    with replacing(csv) as temporary:
        time_budget(events, durations).to_csv(temporary, index=False, lineterminator="\n", float_format="%.6f")
    if json is not None:
        write_json(json, summary(events, durations))
