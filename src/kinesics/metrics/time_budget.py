"""Summarise events as behavioural scientists analyse them: bouts, durations, rates, latencies, transitions.

The measures are those of Martin & Bateson (2007, *Measuring Behaviour*, ch. 5) and of the time-budget analysis of BORIS
(Friard & Gamba 2016): a bout is one event; overlapping bouts of one behaviour and person are joined before times are summed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kinesics.structures.events import check_events
from kinesics.structures.vocabulary import FAMILY, in_order

SUMMARY_COLUMNS = [
    *("video", "person", "label", "family", "observed_s", "bouts", "total_s", "share", "rate_per_min"),
    *("mean_s", "median_s", "sd_s", "min_s", "max_s", "mean_gap_s", "latency_s"),
]
TRANSITION_COLUMNS = ["video", "person", "from_label", "to_label", "count", "share"]

#: Seconds of observation: one number, or one per video and person.
Observed = float | Mapping[tuple[str, int], float]


def time_budget(
    events: pd.DataFrame, observed_s: Observed, start_s: float = 0.0, labels: Iterable[str] = ()
) -> pd.DataFrame:
    """Return one row per video, person and label, with the columns ``SUMMARY_COLUMNS``.

    They are the labels that occur, and for everybody who occurs or is named in ``observed_s`` those of ``labels``, which were
    looked for: where one never occurs, its bouts, total, share and rate are 0, and what describes bouts is missing.

    ``observed_s`` are the seconds during which the person was observed, counted from ``start_s``. ``bouts`` are events,
    ``total_s`` the seconds in which at least one of them lasts, ``share`` of ``observed_s``, ``rate_per_min`` bouts per
    observed minute; ``mean_s`` to ``max_s`` describe the durations of bouts (``sd_s`` is the sample's, missing for one bout),
    ``mean_gap_s`` the times from a bout's end to the next one's onset where they do not overlap, ``latency_s`` the time from
    ``start_s`` to the first onset.

    Raises KinesicsError for an invalid table, and ValueError for a person without a positive observation time.
    """
    events = check_events(events)
    rows: list[list[Any]] = []
    labels = list(labels)
    people = set(events[["video", "person"]].itertuples(index=False, name=None))
    if labels and not isinstance(observed_s, int | float):
        people |= set(observed_s)
    for video, person in sorted(people):
        of_person = events[(events["video"] == video) & (events["person"] == person)]
        seconds = observed_s if isinstance(observed_s, int | float) else observed_s.get((video, person), 0.0)
        if not seconds > 0:
            raise ValueError(f"person {person} of {video!r} was observed for {seconds} s: it must be more than 0")
        for label in in_order([*of_person["label"], *labels]):
            bouts = of_person[of_person["label"] == label]
            family = bouts["family"].iloc[0] if len(bouts) else FAMILY.get(label, "")
            rows.append([video, person, label, family, seconds, *_measures(bouts, seconds, start_s)])
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def _measures(bouts: pd.DataFrame, observed_s: float, start_s: float) -> list[float]:
    """Return the columns from ``bouts`` on for the events of one person and label."""
    if not len(bouts):
        return [0, 0.0, 0.0, 0.0] + [np.nan] * (len(SUMMARY_COLUMNS) - SUMMARY_COLUMNS.index("mean_s"))
    duration = (bouts["end_s"] - bouts["start_s"]).to_numpy()
    joined = join_overlapping(bouts[["start_s", "end_s"]].to_numpy())
    total, gaps = float(np.diff(joined, axis=1).sum()), joined[1:, 0] - joined[:-1, 1]
    spread = duration.std(ddof=1) if len(bouts) > 1 else np.nan
    return [
        *(len(bouts), total, total / observed_s, 60 * len(bouts) / observed_s),
        *(duration.mean(), float(np.median(duration)), spread, duration.min(), duration.max()),
        *(gaps.mean() if len(gaps) else np.nan, bouts["start_s"].min() - start_s),
    ]


def transitions(events: pd.DataFrame) -> pd.DataFrame:
    """Return how often the onset of one behaviour is followed by that of another, per video and person.

    Onsets of a person are put in order of time (ties: in the vocabulary's order); each is paired with the next. The columns
    are ``TRANSITION_COLUMNS``; ``share`` is of the pairs with the same ``from_label`` (the transition probability of a
    first-order Markov chain, Bakeman & Quera 2011). Raises KinesicsError for an invalid table.
    """
    events = check_events(events)
    order = {label: place for place, label in enumerate(in_order(events["label"]))}
    rows: list[pd.DataFrame] = []
    for (video, person), of_person in events.groupby(["video", "person"], sort=True):
        onsets = of_person.assign(place=of_person["label"].map(order)).sort_values(["start_s", "place"], kind="stable")
        labels = onsets["label"].to_numpy()
        pairs = pd.DataFrame({"from_label": labels[:-1], "to_label": labels[1:]})
        counts = pairs.value_counts().rename("count").reset_index()
        counts["share"] = counts["count"] / counts.groupby("from_label")["count"].transform("sum")
        places = [(order[one], order[other]) for one, other in counts[["from_label", "to_label"]].to_numpy().tolist()]
        counts = counts.assign(video=video, person=person, place=places).sort_values("place", kind="stable")
        rows.append(counts[TRANSITION_COLUMNS])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=TRANSITION_COLUMNS)


def join_overlapping(segments: np.ndarray) -> np.ndarray:
    """Return segments (N, 2), sorted, with those joined that overlap or touch."""
    joined: list[list[float]] = []
    ordered: list[list[float]] = sorted(np.asarray(segments, float).reshape(-1, 2).tolist())
    for start, end in ordered:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined, float).reshape(-1, 2)
