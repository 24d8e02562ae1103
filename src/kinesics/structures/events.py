"""The events table, one row per behavioural event, which annotators, detectors, exporters and metrics share.

Columns: ``video,person,label,family,start_s,end_s,score,x0,y0,x1,y1``. Times are seconds, half-open [start_s, end_s).
The box is in fractions of the frame, the median over the event. The box of every sampled frame goes into a second
table, the tubes: ``event,time_s,x0,y0,x1,y1``, where ``event`` is the row number in the events table, from 0.
"""

import codecs
import csv
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line, replacing
from kinesics.structures.timegrid import LONGEST_S, Span
from kinesics.structures.vocabulary import FAMILY, in_order

BOX = ["x0", "y0", "x1", "y1"]
COLUMNS = ["video", "person", "label", "family", "start_s", "end_s", "score", *BOX]
TUBE_COLUMNS = ["event", "time_s", *BOX]
ORDER = ["video", "start_s", "end_s", "person", "label", "score"]

#: The highest id of a person.
MOST_PEOPLE = 10**9
#: Limits of boxes, in fractions of the frame: people are tracked a little beyond it.
BOX_LIMITS = (-0.5, 1.5)
#: How far a box may lie outside the time of its event: times of events are rounded, and a frame may begin before its event.
TUBE_SLACK_S = 0.2
#: How far, in fractions of the frame, the boxes of a tube may lie from the box of its event, which is rounded.
BOX_SLACK = 0.01
# What to put into a column that is missing.
_MISSING = {
    "video": "add the name of the video's file without its ending",
    "person": "add the number of the person, 0 in every row if there is one person",
    "start_s": "add the start in seconds",
    "end_s": "add the end in seconds",
}


@dataclass(frozen=True)
class Events:
    """Behavioural events: an events table and, if known, its tubes, the boxes of the events in every frame.

    ``table`` has the columns ``COLUMNS``, sorted by ``ORDER``: times in seconds, half-open [start_s, end_s); boxes in
    fractions of the frame. ``tubes`` has the columns ``TUBE_COLUMNS``; ``event`` is the row in ``table``, from 0.

    Both are checked when an instance is made: raises KinesicsError naming the row and the value (``check_events``,
    ``check_tubes``). Missing columns ``family``, ``score`` and the box are filled in.

    ``damaged_after_s`` is set for events of a damaged video, and is the time up to which that is whole.
    """

    table: pd.DataFrame
    tubes: pd.DataFrame | None = None
    damaged_after_s: float | None = None

    def __post_init__(self) -> None:
        if self.tubes is None:
            object.__setattr__(self, "table", check_events(self.table))
            return
        table, tubes = check_tubes(self.table, self.tubes)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "tubes", tubes)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labels(self) -> list[str]:
        """The labels that occur, in the vocabulary's order."""
        return in_order(self.table["label"])

    def select(
        self,
        *,
        labels: Iterable[str] | None = None,
        persons: Iterable[int] | None = None,
        min_score: float | None = None,
    ) -> "Events":
        """Return the events with one of these labels, of one of these persons, and of at least this score."""
        keep = np.ones(len(self.table), bool)
        if labels is not None:
            keep &= self.table["label"].isin(list(labels)).to_numpy()
        if persons is not None:
            keep &= self.table["person"].isin(list(persons)).to_numpy()
        if min_score is not None:
            keep &= self.table["score"].to_numpy() >= min_score
        return Events(*keep_events(self.table, self.tubes, keep), self.damaged_after_s)

    def within(self, span: Span) -> "Events":
        """Return the events that begin or last in a span, cut at its ends, with their tubes there."""
        end_s = np.inf if span.end_s is None else span.end_s
        table = self.table.assign(
            start_s=self.table["start_s"].clip(lower=span.start_s), end_s=self.table["end_s"].clip(upper=end_s)
        )
        tubes = self.tubes
        if tubes is not None:
            tubes = tubes[(tubes["time_s"] >= span.start_s) & (tubes["time_s"] < end_s)]
        keep = (table["start_s"] < table["end_s"]).to_numpy()
        return Events(*keep_events(table, tubes, keep), self.damaged_after_s)


def keep_events(
    events: pd.DataFrame, tubes: pd.DataFrame | None, keep: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the events where ``keep``, bool (events,), and their tubes, renumbered."""
    rows = np.flatnonzero(keep)
    kept = events.iloc[rows].reset_index(drop=True)
    if tubes is None:
        return kept, None
    kept_tubes = tubes[tubes["event"].isin(rows)]
    return kept, kept_tubes.assign(event=np.searchsorted(rows, kept_tubes["event"]))


def merge_events(parts: Sequence[Events]) -> Events:
    """Return the events of several tables in one, with their tubes if any has some; what stands in two is kept twice."""
    if len(parts) == 1:
        return parts[0]
    table = pd.concat([part.table for part in parts], ignore_index=True) if parts else empty_events()
    begin = np.cumsum([0, *(len(part) for part in parts)])
    tubes = [
        part.tubes.assign(event=part.tubes["event"] + first)
        for part, first in zip(parts, begin.tolist(), strict=False)
        if part.tubes is not None
    ]
    return Events(table, pd.concat(tubes, ignore_index=True) if tubes else None)


def empty_events() -> pd.DataFrame:
    """Return an events table without rows, with the right column types."""
    return _typed(pd.DataFrame(columns=COLUMNS))


def check_events(events: pd.DataFrame, where: str = "events") -> pd.DataFrame:
    """Return the table sorted, with exact column types.

    Raises KinesicsError naming ``where``, the row and the value if a column is missing or a value is invalid.
    Any label is allowed (users bring their own vocabulary); ``family`` is filled in for labels of the coding manual.
    """
    return _in_order(_checked(events, where))


def check_tubes(
    events: pd.DataFrame, tubes: pd.DataFrame, where: str = "events", tubes_where: str = "tubes"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``check_events(events)`` and its tubes, numbered as the sorted events and sorted by event and time.

    Raises KinesicsError, naming the table, the row and the value, also if a column of the tubes is missing, a box is
    invalid, an event has two boxes at a time, a box has no event or lies more than ``TUBE_SLACK_S`` outside its time, or the
    boxes of an event are nowhere near its own: then the tubes are those of other events.
    """
    return _paired(_checked(events, where), tubes, where, tubes_where)


def _paired(
    events: pd.DataFrame, tubes: pd.DataFrame, where: str, tubes_where: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return checked events sorted, and their tubes as ``check_tubes`` does."""
    source = _Source(tubes_where, "row", 0)
    _refuse_missing(tubes, TUBE_COLUMNS, tubes_where)
    tubes = tubes[TUBE_COLUMNS].reset_index(drop=True)
    for column in TUBE_COLUMNS:
        numbers = pd.to_numeric(tubes[column], errors="coerce").astype(float)
        _refuse(tubes, ~np.isfinite(numbers), source, column, "is not a number")
        tubes[column] = numbers
    event = tubes["event"]
    outside = (event != event.round()) | (event < 0) | (event >= len(events))
    _refuse(tubes, outside, source, "event", f"is not the row of one of the {len(events)} events")
    number = event.to_numpy(int)
    start, end = (events[column].to_numpy()[number] for column in ("start_s", "end_s"))
    far = (tubes["time_s"] < start - TUBE_SLACK_S) | (tubes["time_s"] > end + TUBE_SLACK_S)
    _refuse(tubes, far, source, "time_s", f"is outside the time of its event in {where}: are they of one pair?")
    _refuse_boxes(tubes, source)
    _refuse_other_tubes(events, tubes, where, tubes_where)
    twice = tubes.duplicated(["event", "time_s"])
    _refuse(tubes, twice, source, "time_s", "has two boxes of one event")
    order = events.reset_index(drop=True).sort_values(ORDER, kind="stable").index
    place = np.empty(len(events), int)
    place[order] = np.arange(len(events))
    tubes["event"] = place[number]
    return (
        _in_order(events),
        tubes.sort_values(["event", "time_s"], kind="stable").reset_index(drop=True),
    )


def _refuse_other_tubes(events: pd.DataFrame, tubes: pd.DataFrame, where: str, tubes_where: str) -> None:
    """Raise KinesicsError unless the median box of each event's tube meets the event's own, where it has one."""
    boxed = events[BOX].notna().all(axis=1).to_numpy()
    if boxed.any() and not len(tubes):
        raise KinesicsError(f"{tubes_where}: has no box, but the events of {where} have: are they of one pair?")
    middle = tubes.groupby("event")[BOX].median()
    own = events[BOX].to_numpy()[middle.index.to_numpy(int)]
    low, high = own[:, :2] - BOX_SLACK, own[:, 2:] + BOX_SLACK
    apart = (middle[["x1", "y1"]].to_numpy() < low).any(1) | (middle[["x0", "y0"]].to_numpy() > high).any(1)
    if apart.any():
        event = int(middle.index[apart][0])
        box, other = (", ".join(f"{side:.3f}" for side in sides) for sides in (own[apart][0], middle[apart].iloc[0]))
        raise KinesicsError(
            f"{tubes_where}: event {event}: its boxes lie about ({other}), but the event of {where} at ({box}): "
            "are they of one pair?"
        )


def _refuse_missing(table: pd.DataFrame, needed: list[str], where: str) -> None:
    """Raise KinesicsError naming the first column of ``needed`` that a table lacks."""
    if missing := [name for name in needed if name not in table]:
        hint = f": {_MISSING[missing[0]]}" if missing[0] in _MISSING else ""
        raise KinesicsError(
            f"{where}: column {missing[0]!r} is missing; columns are {', '.join(map(str, table.columns))}{hint}"
        )


def _refuse_boxes(table: pd.DataFrame, source: "_Source") -> None:
    """Raise KinesicsError naming the first box that is no part of a frame."""
    low, high = BOX_LIMITS
    for column in BOX:
        outside = (table[column] < low) | (table[column] > high)
        _refuse(table, outside, source, column, "is not a fraction of the frame")
    _refuse(table, table["x1"] < table["x0"], source, "x1", "is left of x0")
    _refuse(table, table["y1"] < table["y0"], source, "y1", "is above y0")


def _checked(events: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the table as ``check_events`` does, in its own order."""
    source = _Source(where)
    _refuse_missing(events, ["video", "person", "label", "start_s", "end_s"], where)
    events = _filled(events)
    _refuse_numbers(events, source)
    _refuse_texts(events, source)
    events["family"] = events["family"].astype(object).fillna("")
    known = events["label"].map(FAMILY)
    odd = known.notna() & (events["family"] != known) & (events["family"] != "")
    _refuse(events, odd, source, "family", "is not that of its label in the coding manual: leave it out")
    person = events["person"].astype(float)
    _refuse(events, (person < 0) | (person != person.round()), source, "person", "is not a whole number from 0")
    _refuse(events, person > MOST_PEOPLE, source, "person", f"is more than {MOST_PEOPLE}")
    _refuse(events, events["start_s"] < 0, source, "start_s", "is negative")
    _refuse(events, events["end_s"] <= events["start_s"], source, "end_s", "is not after start_s")
    _refuse(events, events["end_s"] > LONGEST_S, source, "end_s", "is more than eleven days: times are seconds")
    _refuse_boxes(events, source)
    return _typed(events[COLUMNS])


def _filled(events: pd.DataFrame) -> pd.DataFrame:
    """Return a copy with the columns that may be left out: family, score and box."""
    events = events.copy()
    if "family" not in events:
        events["family"] = events["label"].map(FAMILY).fillna("")
    if "score" not in events:
        events["score"] = 1.0
    for column in BOX:
        if column not in events:
            events[column] = np.nan
    return events


def _refuse_numbers(events: pd.DataFrame, source: "_Source") -> None:
    """Turn columns of numbers into numbers. Raises KinesicsError naming the first value that is none."""
    for column in ["person", "start_s", "end_s", "score", *BOX]:
        numbers = pd.to_numeric(events[column], errors="coerce")
        bad = numbers.isna() & events[column].notna()
        if column not in BOX:
            bad |= ~np.isfinite(numbers.astype(float))
        _refuse(events, bad, source, column, "is not a number")
        events[column] = numbers


def _refuse_texts(events: pd.DataFrame, source: "_Source") -> None:
    """Raise KinesicsError naming the first video or label that is empty or has blanks around it or control characters."""
    for column in ["video", "label"]:
        text = events[column].astype(str)
        _refuse(events, events[column].isna() | (text.str.strip() == ""), source, column, "is empty")
        _refuse(events, text != text.str.strip(), source, column, "has blanks around it")
        _refuse(events, text.str.contains(r"[\x00-\x1f]"), source, column, "has a control character")


def read_events_csv(path: str | Path) -> pd.DataFrame:
    """Read and check an events CSV. ``family``, ``score`` and the box may be left out.

    Raises KinesicsError naming the file, the line and the value.
    """
    return _in_order(_read_csv(path))


def read_events_and_tubes(path: str | Path, tubes_path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read and check an events CSV and its tubes, which number the rows of the file from 0 (``check_tubes``)."""
    return _paired(_read_csv(path), read_tubes(tubes_path), str(path), str(tubes_path))


def _in_order(events: pd.DataFrame) -> pd.DataFrame:
    return events.sort_values(ORDER, kind="stable").reset_index(drop=True)


def _read_csv(path: str | Path) -> pd.DataFrame:
    """Return the table as ``check_events`` does, in the order of the file."""
    try:
        encoding = _encoding(path)
        with open(path, encoding=encoding, newline="") as file:
            header = next(csv.reader(file), list[str]())
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise KinesicsError(f"{path}: line 1: column {twice[0]!r} is there twice")
        if len(header) == 1 and (separators := [sign for sign in ";\t" if sign in header[0]]):
            raise KinesicsError(
                f"{path}: line 1: columns are separated by {separators[0]!r}: save the table with commas"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row with more fields than columns
            table = pd.read_csv(
                path,
                encoding=encoding,
                dtype={"video": str, "label": str, "family": str},
                keep_default_na=False,
                na_values=[""],
                index_col=False,
                low_memory=False,
            )
    except pd.errors.ParserWarning:
        raise KinesicsError(
            f"{path}: not an events table (CSV): a row has more fields than there are columns"
        ) from None
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise KinesicsError(f"{path}: not a table in UTF-8 or UTF-16: {error}") from None
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise KinesicsError(f"{path}: not an events table (CSV): {one_line(error)}") from None
    events = _checked(table, str(path))
    _refuse(table, table.duplicated(), _Source(str(path)), "label", "stands in a row that is there twice")
    return events


def _encoding(path: str | Path) -> str:
    """Return the encoding that the first bytes of a text tell: UTF-16 with a byte order mark, else UTF-8."""
    with open(path, "rb") as file:
        return "utf-16" if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def write_events_csv(events: pd.DataFrame, path: str | Path) -> None:
    """Check and write an events CSV: times to the millisecond, boxes and scores to four decimals, atomically."""
    events = check_events(events, str(path))
    text = events.copy()
    for column in ["start_s", "end_s"]:
        text[column] = events[column].map("{:.3f}".format)
    for column in ["score", *BOX]:
        text[column] = events[column].map(_four_decimals)
    with replacing(path) as temporary:
        text.to_csv(temporary, index=False, lineterminator="\n")


def _four_decimals(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def write_tubes(tubes: pd.DataFrame, path: str | Path, damaged_after_s: float | None = None) -> None:
    """Write the per-frame boxes of the events (columns ``TUBE_COLUMNS``) as Parquet, atomically (see ``write_parquet``)."""
    types = {"event": "int32", "time_s": "float64"} | dict.fromkeys(BOX, "float32")
    write_parquet(tubes[TUBE_COLUMNS].astype(types), path, damaged_after_s)


def write_parquet(table: pd.DataFrame, path: str | Path, damaged_after_s: float | None = None) -> None:
    """Write a table as Parquet, atomically; its metadata say up to which time a damaged video is whole."""
    table = table.copy(deep=False)
    if damaged_after_s is not None:
        table.attrs["damaged_after_s"] = damaged_after_s  # which pandas keeps in the file
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_tubes(path: str | Path) -> pd.DataFrame:
    """Read the per-frame boxes of an events table. Raises KinesicsError, naming the file, if it is none."""
    try:
        tubes = pd.read_parquet(path)
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        columns = ",".join(TUBE_COLUMNS)
        raise KinesicsError(f"{path}: not a table of tubes (Parquet with {columns}): {one_line(error)}") from None
    _refuse_missing(tubes, TUBE_COLUMNS, str(path))
    return tubes[TUBE_COLUMNS]


def _typed(events: pd.DataFrame) -> pd.DataFrame:
    """Return the table with exact column types."""
    types: dict[str, type | str] = {"video": object, "person": "int64", "label": object, "family": object}
    types |= dict.fromkeys(["start_s", "end_s", "score", *BOX], "float64")
    return events.astype(types)


@dataclass(frozen=True)
class _Source:
    """How errors name a row of a table: the file or table, what a row is called, and the number of the first row."""

    where: str
    row_name: str = "line"
    first: int = 2


def _refuse(table: pd.DataFrame, bad: pd.Series, source: _Source, column: str, problem: str) -> None:
    """Raise KinesicsError naming the first row and value where ``bad``."""
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = table[column].astype(object).iloc[row]
        raise KinesicsError(f"{source.where}: {source.row_name} {row + source.first}: {column} {value!r} {problem}")
