"""What the adapters of streams share: tables of frames, read and checked, and events of labelled frames."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.events import check_events, empty_events
from kinesics.structures.timegrid import hold_last, label_runs, samples, seconds
from kinesics.structures.tracks import TracksWriter

#: A sensor that gives no frame for longer than this sees nothing: frames come every 30 to 60 ms.
HOLD_S = 0.5

_MORE = "more"  # catches a field too many, which pandas would drop


def read_frames(
    path: Path,
    columns: list[str],
    text: Iterable[str] = (),
    separator: str = ",",
    optional: tuple[int, str] | None = None,
) -> pd.DataFrame:
    """Read a table with a header and a row a frame; all columns are numbers but those in ``text``.

    ``optional`` is a place in the header and a word that may stand there without a column of its own.
    Raises KinesicsError naming the file, the line and the column if it is missing, has no rows or other columns, or a
    row has too few or too many fields or something that is no finite number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = file.readline().strip().split(separator)
        if optional and found[optional[0] : optional[0] + 1] == [optional[1]]:
            del found[optional[0]]
        if found != columns:
            wrong = next((name for name in columns if name not in found), None) or "their number or order"
            raise KinesicsError(f"{path}: line 1: the columns are not the expected {len(columns)}: {wrong!r} differs")
        table = pd.read_csv(
            path,
            sep=separator,
            header=None,
            names=[*columns, _MORE],
            skiprows=1,
            index_col=False,
            dtype=dict.fromkeys(text, str),
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            quoting=csv.QUOTE_NONE,  # no field is quoted: a stray quote is a wrong value, and not the begin of a text
            on_bad_lines="error",
            encoding="utf-8-sig",
        )
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; fetch the data set again") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise KinesicsError(f"{path}: not a table of {len(columns)} columns: {error}") from None
    if table.empty:
        raise KinesicsError(f"{path}: no rows; fetch the data set again")
    if (more := table.pop(_MORE).notna()).any():
        raise KinesicsError(f"{path}: line {int(more.argmax()) + 2}: more than {len(columns)} fields")
    numbers = [name for name in columns if name not in text]
    whole = all(pd.api.types.is_numeric_dtype(kind) for kind in table[numbers].dtypes)
    if not (whole and np.isfinite(table[numbers].to_numpy(float)).all() and table[list(text)].notna().all(axis=None)):
        raise KinesicsError(f"{path}: {_wrong(table, numbers)}")
    return table


def _wrong(table: pd.DataFrame, numbers: list[str]) -> str:
    """Return which cell, the first by line, is empty or not a finite number."""
    bad = table.isna()
    bad[numbers] = ~np.isfinite(table[numbers].apply(pd.to_numeric, errors="coerce").astype(float))
    row = int(bad.to_numpy().any(1).argmax())
    column = int(bad.to_numpy()[row].argmax())
    value = table.astype(object).iloc[row, column]
    what = "a finite number" if table.columns[column] in numbers else "a text"
    return f"line {row + 2}: column {table.columns[column]!r}: {value!r} is not {what}"


def known(path: Path, labels: pd.Series, choices: Iterable[str], first: int = 2) -> np.ndarray:
    """Return the labels; raise KinesicsError naming the file and the line (the first is ``first``) of an unknown one."""
    bad = ~labels.isin(list(choices)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        raise KinesicsError(
            f"{path}: line {row + first}: label {labels.iloc[row]!r} is unknown; known are {', '.join(choices)}"
        )
    return labels.to_numpy()


def ascending(path: Path, times_s: np.ndarray) -> np.ndarray:
    """Return the times (T,); raise KinesicsError naming the file and the line of one that is not after the one before."""
    bad = np.diff(times_s) <= 0
    if bad.any():
        row = int(bad.argmax()) + 1
        raise KinesicsError(
            f"{path}: line {row + 2}: time {times_s[row]:.3f} s is not after {times_s[row - 1]:.3f} s of the line before"
        )
    return times_s


def end_of(times_s: np.ndarray) -> float:
    """Return when a stream ends: the last frame stays as long as the frames before did in the median."""
    return float(times_s[-1] + (np.median(np.diff(times_s)) if len(times_s) > 1 else 0.04))


def stream_table(rows: list[tuple[str, str | None, float]]) -> pd.DataFrame:
    """Return the table of streams from rows (video, subject, duration in seconds)."""
    return pd.DataFrame(rows, columns=["video", "subject", "duration_s"]).astype({"duration_s": float})


def event_table(rows: Iterable[tuple[str, str, float, float]], where: Path, family: str = "gesture") -> pd.DataFrame:
    """Return the events table of rows (video, label, start, end) of person 0 with score 1 and no box."""
    table = pd.DataFrame(list(rows), columns=["video", "label", "start_s", "end_s"])
    if table.empty:
        return empty_events()
    return check_events(table.assign(person=0, family=family), str(where))


def frame_events(video: str, labels: np.ndarray, times_s: np.ndarray, background: str) -> list[tuple]:
    """Return rows (video, label, start, end) of the runs of equal labels that are not the background's."""
    runs = label_runs(labels, times_s, end_of(times_s))
    return [(video, *run) for run in runs if run[0] != background]


def leave_one_out(subjects: dict[str, str]) -> dict[str, tuple[list[str], list[str]]]:
    """Return a fold a subject, from the subject of each video: the videos of all others, and those of the subject."""
    return {
        out: ([video for video in subjects if subjects[video] != out], [v for v in subjects if subjects[v] == out])
        for out in sorted(set(subjects.values()))
    }


def write_tracks(
    path: Path,
    video: str,
    times_s: np.ndarray,
    rate_hz: float,
    size: tuple[int, int],
    row: Callable[[int], dict],
) -> Path:
    """Write the tracks of person 0 on a regular grid of ``rate_hz``: at each sample the stamped frame shown then.

    ``row(i)`` gives the columns of frame i; ``size`` is the width and height of the frame in pixels. Samples without a
    frame within ``HOLD_S`` have no row. Returns the path.
    """
    duration_s = end_of(times_s)
    with TracksWriter(path, video, rate_hz, *size) as writer:
        for k, frame in enumerate(hold_last(times_s, samples(duration_s, rate_hz), rate_hz, HOLD_S)):
            if frame >= 0:
                writer.add({"frame": k, "time_s": seconds(k, rate_hz), "person": 0} | row(int(frame)))
        writer.close(duration_s)
    return path
