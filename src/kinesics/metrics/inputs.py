"""Validate and align the events tables that are scored against each other."""

from collections.abc import Mapping, Sequence

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import event_units
from kinesics.metrics.counts import EvaluationSet
from kinesics.metrics.matching import sorted_events
from kinesics.metrics.tubes import sorted_with_tubes
from kinesics.structures.events import check_events, check_tubes
from kinesics.structures.vocabulary import in_order

Tables = pd.DataFrame | Sequence[pd.DataFrame]


EventsAndTubes = tuple[pd.DataFrame, pd.DataFrame | None]  # an events table and its tubes


def prepare_tables(
    groups: Mapping[str, Tables],
    durations: Mapping[str, float] | None,
    labels: Sequence[str] | None,
    block_s: float,
    tubes: Mapping[str, Tables] | None = None,
) -> tuple[EvaluationSet, dict[str, list[EventsAndTubes]]]:
    """Check and sort the tables of each group, each with its tubes or None; return the evaluation set and them.

    Errors and arguments are those of ``score``.
    """
    checked: dict[str, list[EventsAndTubes]] = {}
    named: list[tuple[str, pd.DataFrame]] = []
    if unknown := sorted(set(tubes or {}) - set(groups)):
        raise KinesicsError(f"tubes of {unknown[0]!r}: there are {', '.join(groups)}")
    if tubes and (missing := [group for group in groups if group not in tubes]):
        raise KinesicsError(f"tubes are compared with tubes: those of {missing[0]!r} are missing")
    for group, given in groups.items():
        given = _listed(given)
        if not given:
            raise KinesicsError(f"{group} has no table: give at least one, which may have no rows")
        boxes = _listed(tubes[group]) if tubes and group in tubes else [None] * len(given)
        if len(boxes) != len(given):
            raise KinesicsError(f"{group} has {len(given)} events tables but {len(boxes)} tables of tubes")
        checked[group] = []
        for i, (events, of_events) in enumerate(zip(given, boxes, strict=True)):
            own = group if len(given) == 1 else f"{group} {i + 1}"
            if of_events is None:
                kept = sorted_events(check_events(events, own))
            else:
                kept, of_events = sorted_with_tubes(*check_tubes(events, of_events, own, f"tubes of {own}"))
            checked[group].append((kept, of_events))
            named.append((own, kept))
    everything = pd.concat([events for _, events in named])
    if durations is None:
        durations = everything.groupby("video")["end_s"].max()
    durations = {video: float(durations[video]) for video in sorted(durations.keys())}
    _check_durations(named, durations)
    if labels is None:
        labels = in_order(everything["label"])
    if isinstance(labels, str) or len(set(labels)) != len(labels):
        raise KinesicsError(f"labels {labels!r} is not a list of different labels")
    return EvaluationSet(list(labels), durations, event_units(durations, block_s, everything)), checked


def _check_durations(named: Sequence[tuple[str, pd.DataFrame]], durations: Mapping[str, float]) -> None:
    """Refuse events of videos without a duration, and events that start after their video."""
    for own, events in named:
        for video, start in events.groupby("video")["start_s"].max().items():
            if video not in durations:
                raise KinesicsError(f"{own}: video {video!r} has no duration; known are {', '.join(durations)}")
            if start >= durations[video]:
                raise KinesicsError(
                    f"{own}: video {video!r}: an event starts at {start} s, the video ends at {durations[video]} s"
                )


def _listed(tables: Tables) -> list[pd.DataFrame]:
    return [tables] if isinstance(tables, pd.DataFrame) else list(tables)
