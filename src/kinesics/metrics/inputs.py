"""Validate and align the events tables that are scored against each other."""

from collections.abc import Mapping, Sequence

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import event_units
from kinesics.metrics.counts import EvaluationSet
from kinesics.metrics.matching import sorted_events
from kinesics.metrics.tubes import EventsAndTubes, sorted_with_tubes
from kinesics.structures.events import check_events, check_tubes
from kinesics.structures.vocabulary import in_order

Tables = pd.DataFrame | Sequence[pd.DataFrame]


def prepare_tables(
    groups: Mapping[str, Tables],
    durations: Mapping[str, float] | None,
    labels: Sequence[str] | None,
    block_s: float,
    tubes: Mapping[str, Tables] | None = None,
) -> tuple[EvaluationSet, dict[str, list[EventsAndTubes]]]:
    """Check and sort the tables of each group, each with its tubes or None; return their videos, units and labels first.

    Errors and arguments are those of ``score``.
    """
    if unknown := sorted(set(tubes or {}) - set(groups)):
        raise KinesicsError(f"tubes of {unknown[0]!r}: there are {', '.join(groups)}")
    if tubes and (missing := [group for group in groups if group not in tubes]):
        raise KinesicsError(f"tubes are compared with tubes: those of {missing[0]!r} are missing")
    checked = {group: _check_group(group, given, (tubes or {}).get(group)) for group, given in groups.items()}
    named = [
        (_table_name(group, i, len(of)), events) for group, of in checked.items() for i, (events, _) in enumerate(of)
    ]
    everything = pd.concat([events for _, events in named])
    if durations is None:
        durations = everything.groupby("video")["end_s"].max().to_dict()
    durations = {video: float(length) for video, length in sorted((durations or {}).items())}
    for name, events in named:
        _check_starts(name, events, durations)
    if labels is None:
        labels = in_order(everything["label"])
    if isinstance(labels, str) or len(set(labels)) != len(labels):
        raise KinesicsError(f"labels {labels!r} is not a list of different labels")
    return EvaluationSet(list(labels), durations, event_units(durations, block_s, everything)), checked


def _check_group(group: str, given: Tables, tubes: Tables | None) -> list[EventsAndTubes]:
    """Return the checked and sorted tables of a group, each with its tubes or None."""
    given = _listed(given)
    if not given:
        raise KinesicsError(f"{group} has no table: give at least one, which may have no rows")
    boxes = [None] * len(given) if tubes is None else _listed(tubes)
    if len(boxes) != len(given):
        raise KinesicsError(f"{group} has {len(given)} events tables but {len(boxes)} tables of tubes")
    checked: list[EventsAndTubes] = []
    for i, (events, of_events) in enumerate(zip(given, boxes, strict=True)):
        name = _table_name(group, i, len(given))
        if of_events is None:
            checked.append((sorted_events(check_events(events, name)), None))
        else:
            checked.append(sorted_with_tubes(*check_tubes(events, of_events, name, f"tubes of {name}")))
    return checked


def _check_starts(name: str, events: pd.DataFrame, durations: Mapping[str, float]) -> None:
    """Refuse a video without a duration, and an event that starts after its video ends."""
    for video, start in events.groupby("video")["start_s"].max().items():
        if video not in durations:
            raise KinesicsError(f"{name}: video {video!r} has no duration; known are {', '.join(durations)}")
        if start >= durations[video]:
            raise KinesicsError(
                f"{name}: video {video!r}: an event starts at {start} s, the video ends at {durations[video]} s"
            )


def _table_name(group: str, number: int, n_tables: int) -> str:
    return group if n_tables == 1 else f"{group} {number + 1}"


def _listed(tables: Tables) -> list[pd.DataFrame]:
    return [tables] if isinstance(tables, pd.DataFrame) else list(tables)
