"""What the readers of data sets share: annotation files, read and checked, and the tables made from them.

First come lines and tables of text, then labels and times, then the two results: the tables of an open data set of videos
(``stream_table``, ``event_table``, ``write_person_tracks``) and the ``AnnotatedDataset`` of a benchmark.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_events, empty_events
from kinesics.structures.timegrid import hold_last, label_runs, samples, seconds
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.datasets.base import AnnotatedDataset, Splits

#: Images of a clip that is distributed as a folder of images.
IMAGES = ("*.jpg", "*.png")
#: A sensor that gives no frame for longer than this sees nothing: frames come every 30 to 60 ms.
HOLD_S = 0.5

_MORE = "more"  # catches a field too many, which pandas would drop


def read_text(path: Path) -> str:
    """Return the text of a file, with its line ends as they are. Raises KinesicsError naming a file that is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file; fetch or unpack the data set again") from None
    except UnicodeDecodeError as error:
        raise KinesicsError(f"{path}: not a text file in UTF-8: {error}") from None


def read_lines(path: Path, count: int | None, separator: str | None = ",") -> Iterator[tuple[str, list[str]]]:
    """Yield ("file: line n", fields) of each line of a text file that is not empty; ``separator`` None: blanks.

    Raises KinesicsError naming the file and the line if it is missing, no text, has no rows, or a line has not ``count``
    fields (None: any number).
    """
    lines = io.StringIO(read_text(path), newline="")
    try:
        rows = [line.split() for line in lines] if separator is None else list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise KinesicsError(f"{path}: not a text file of fields: {error}") from None
    if not any(rows):
        raise KinesicsError(f"{path}: no rows; fetch or unpack the data set again")
    for number, fields in enumerate(rows, 1):
        if fields and count is not None and len(fields) != count:
            raise KinesicsError(f"{path}: line {number}: {len(fields)} fields instead of {count}")
        if fields:
            yield f"{path}: line {number}", [field.strip() for field in fields]


def read_rows(path: Path, *columns: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ("file: line n", values of ``columns``) of each row of a CSV file with a header, which may have more columns.

    Raises KinesicsError as ``read_lines`` does, and naming a column that is missing.
    """
    rows = read_lines(path, None)
    header = next(rows)[1]
    for name in columns:
        if name not in header:
            raise KinesicsError(f"{path}: line 1: column {name!r} is missing; the header is {','.join(header)!r}")
    places = [header.index(name) for name in columns]
    for where, fields in rows:
        if len(fields) != len(header):
            raise KinesicsError(f"{where}: {len(fields)} fields instead of {len(header)}")
        yield where, [fields[place] for place in places]


def read_frames(
    path: Path,
    columns: list[str],
    text: Iterable[str] = (),
    separator: str = ",",
    optional: tuple[int, str] | None = None,
) -> pd.DataFrame:
    """Read a table with a header and one row per frame; all columns are numbers but those in ``text``.

    ``optional`` is a place in the header and a word that may stand there without a column of its own.
    Raises KinesicsError naming the file, the line and the column if it is missing, has no rows or other columns, or a
    row has too few or too many fields or something that is no finite number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline().strip().split(separator)
        if optional and header[optional[0] : optional[0] + 1] == [optional[1]]:
            del header[optional[0]]
        if header != columns:
            wrong = next((name for name in columns if name not in header), None) or "their number or order"
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
        raise KinesicsError(f"{path}: no such file; fetch or unpack the data set again") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise KinesicsError(f"{path}: not a table of {len(columns)} columns: {error}") from None
    if table.empty:
        raise KinesicsError(f"{path}: no rows; fetch or unpack the data set again")
    if (more := table.pop(_MORE).notna()).any():
        raise KinesicsError(f"{path}: line {int(more.argmax()) + 2}: more than {len(columns)} fields")
    numbers = [name for name in columns if name not in text]
    whole = all(pd.api.types.is_numeric_dtype(kind) for kind in table[numbers].dtypes)
    if not (whole and np.isfinite(table[numbers].to_numpy(float)).all() and table[list(text)].notna().all(axis=None)):
        raise KinesicsError(f"{path}: {_first_bad_cell(table, numbers)}")
    return table


def _first_bad_cell(table: pd.DataFrame, numbers: list[str]) -> str:
    """Return which cell, the first by line, is empty or not a finite number."""
    bad = table.isna()
    bad[numbers] = ~np.isfinite(table[numbers].apply(pd.to_numeric, errors="coerce").astype(float))
    row = int(bad.to_numpy().any(1).argmax())
    column = int(bad.to_numpy()[row].argmax())
    value = table.astype(object).iloc[row, column]
    what = "a finite number" if table.columns[column] in numbers else "a text"
    return f"line {row + 2}: column {table.columns[column]!r}: {value!r} is not {what}"


def label_names(labels: Iterable[str]) -> dict[str, str]:
    """Return {label as it is written: label in lower case with underscores}."""
    return {label: label.lower().replace(" ", "_").replace("-", "_") for label in labels}


def map_label(where: str, label: str, choices: Mapping[str, str]) -> str:
    """Return the project's name of a label; raise KinesicsError naming the place and the choices of an unknown one."""
    if label not in choices:
        raise KinesicsError(f"{where}: label {label!r} is unknown; known are {', '.join(choices)}")
    return choices[label]


def check_labels(path: Path, labels: pd.Series, choices: Iterable[str], first_line: int = 2) -> np.ndarray:
    """Return the labels of the rows of a file, which begin at ``first_line``; raise as ``map_label`` for an unknown one."""
    unknown = ~labels.isin(list(choices)).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        map_label(f"{path}: line {row + first_line}", labels.iloc[row], dict.fromkeys(choices, ""))
    return labels.to_numpy()


def parse_number(where: str, value: str, what: str) -> float:
    """Return a field as a number; raise KinesicsError naming the place and the value if it is no finite one."""
    try:
        number = float(value)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise KinesicsError(f"{where}: {what} {value!r} is not a number")
    return number


def check_ascending(path: Path, times_s: np.ndarray) -> np.ndarray:
    """Return the times (T,); raise KinesicsError naming the file and the line of one that is not after the one before."""
    bad = np.diff(times_s) <= 0
    if bad.any():
        row = int(bad.argmax()) + 1
        raise KinesicsError(
            f"{path}: line {row + 2}: time {times_s[row]:.3f} s is not after {times_s[row - 1]:.3f} s of the line before"
        )
    return times_s


def stream_end(times_s: np.ndarray) -> float:
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
    runs = label_runs(labels, times_s, stream_end(times_s))
    return [(video, *run) for run in runs if run[0] != background]


def leave_one_out(subjects: dict[str, str]) -> Splits:
    """Return one fold per subject, from the subject of each video: the videos of all others, and those of the subject."""
    return {
        subject: (
            [video for video in subjects if subjects[video] != subject],
            [video for video in subjects if subjects[video] == subject],
        )
        for subject in sorted(set(subjects.values()))
    }


def write_person_tracks(
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
    duration_s = stream_end(times_s)
    with TracksWriter(path, video, rate_hz, *size) as writer:
        for k, frame in enumerate(hold_last(times_s, samples(duration_s, rate_hz), rate_hz, HOLD_S)):
            if frame >= 0:
                writer.add({"frame": k, "time_s": seconds(k, rate_hz), "person": 0} | row(int(frame)))
        writer.close(duration_s)
    return path


def first_existing(folder: Path, *paths: str) -> str:
    """Return the first of the paths below the folder that exists, or else the first."""
    return next((path for path in paths if (folder / path).exists()), paths[0])


def folds_of(subjects: Iterable[str], count: int) -> dict[str, int]:
    """Return the fold of each subject: ``count`` folds of neighbours in the sorted order, sizes as equal as can be."""
    ordered = sorted(set(subjects))
    return {subject: place * count // len(ordered) for place, subject in enumerate(ordered)}


class Videos:
    """The videos of a benchmark, added one by one as the annotation names them; each has to be there."""

    def __init__(self, folder: Path, rate_hz: float = np.nan) -> None:
        self._folder, self._rate_hz = folder, rate_hz
        self._rows: dict[str, tuple] = {}
        self._frames_hz: dict[str, float] = {}

    def add(
        self, where: str, path: str, *, name: str | None = None, subject: str | None = None, start_s: float = 0.0,
        duration_s: float | None = None,
    ) -> str:  # fmt: skip
        """Add the video at ``path`` below the folder, where "file: line n" of the annotation names it; return its name.

        The name is that of the file without its suffix. Raises KinesicsError if there is no such file, naming the place,
        or if two files have one name.
        """
        name = name or Path(path).stem
        if name in self._rows:
            if self._rows[name][0] != path:
                raise KinesicsError(f"{where}: {path} and {self._rows[name][0]} are both called {name!r}")
            return name
        place = self._folder / path
        if not place.exists():
            raise KinesicsError(f"{where}: names {path}, but there is no {place}")
        rate_hz = self._rate_hz if place.is_dir() else np.nan
        if duration_s is None and place.is_dir():
            duration_s = seconds(len(image_files(place)), rate_hz)
        elif duration_s is None:
            info = probe_video(place)
            duration_s, self._frames_hz[name] = info.duration_s - start_s, info.rate_hz
        self._rows[name] = (path, subject, duration_s, rate_hz, start_s)
        return name

    def duration_s(self, name: str) -> float:
        """Return the length of a video in seconds."""
        return self._rows[name][2]

    def frame_rate_hz(self, name: str) -> float:
        """Return the mean frame rate of a video file whose duration was not given."""
        return self._frames_hz[name]

    def names(self) -> list[str]:
        """Return the names, in the order in which they were added."""
        return list(self._rows)

    def table(self) -> pd.DataFrame:
        """Return the table of videos, sorted by name."""
        columns = ["path", "subject", "duration_s", "rate_hz", "start_s"]
        table = pd.DataFrame.from_dict(self._rows, orient="index", columns=columns)
        return table.rename_axis("video").sort_index().reset_index()


def image_files(folder: Path) -> list[Path]:
    """Return the images of a clip in order. Raises KinesicsError naming the folder if it has none."""
    files = sorted(path for pattern in IMAGES for path in folder.glob(pattern))
    if not files:
        raise KinesicsError(f"{folder}: no images ({', '.join(IMAGES)})")
    return files


def make_dataset(
    videos: Videos,
    events: Iterable[tuple],
    splits: Mapping[str, tuple[Iterable[str], Iterable[str]]],
    family: str,
    where: Path,
    tubes: pd.DataFrame | None = None,
    ignored: Iterable[tuple[str, float, float]] = (),
) -> AnnotatedDataset:
    """Return the data set of events (video, label, start, end[, person[, x0, y0, x1, y1]]) in seconds.

    An event that goes beyond the end of its video is cut there; one that begins there, or has no length, is left out.
    ``tubes`` count the events in the order given. Raises KinesicsError, naming ``where``, for a video in both parts of a
    fold, or an event that cannot be.
    """
    table, tubes = _cut_events(videos, events, family, where, tubes)
    folds = {}
    for fold, (train, test) in splits.items():
        train, test = sorted(set(train)), sorted(set(test))
        if both := sorted(set(train) & set(test)):
            raise KinesicsError(f"{where}: fold {fold}: {both[0]} is in the training part and in the test part")
        folds[fold] = (train, test)
    left_out = pd.DataFrame(list(ignored), columns=["video", "start_s", "end_s"])
    left_out = left_out.astype({"start_s": float, "end_s": float}).sort_values(["video", "start_s"], ignore_index=True)
    return AnnotatedDataset(videos.table(), table, folds, tubes, left_out)


def _cut_events(
    videos: Videos, events: Iterable[tuple], family: str, where: Path, tubes: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the events table, cut at the ends of the videos and sorted, and the tubes with the events' new numbers."""
    rows = [(*event, *(0, *[np.nan] * 4)[len(event) - 4 :]) for event in events]
    table = pd.DataFrame(rows, columns=["video", "label", "start_s", "end_s", "person", *BOX])
    if table.empty:
        return empty_events().assign(score=1.0), tubes
    table["end_s"] = table["end_s"].clip(upper=table["video"].map(videos.duration_s))
    table = table[table["end_s"] > table["start_s"]].assign(family=family)
    # check_events sorts; the score carries the number of the event through it
    table = check_events(table.assign(score=table.index.astype(float)), str(where))
    if tubes is not None:
        place = pd.Series(table.index, index=table["score"].astype(int))
        tubes = tubes[tubes["event"].isin(place.index)]
        tubes = tubes.assign(event=tubes["event"].map(place)).sort_values(["event", "time_s"], kind="stable")
        tubes = tubes[TUBE_COLUMNS].reset_index(drop=True)
    return table.assign(score=1.0), tubes


def dataset_of_clips(
    videos: Videos,
    rows: Iterable[tuple[str, str, str, str, str]],
    family: str,
    where: Path,
    naming: Callable[[str], str] = lambda path: Path(path).stem,
    subject: Callable[[str], str | None] = lambda name: None,
) -> AnnotatedDataset:
    """Return the data set of clips with one label each, from rows (place, fold, part, path, label); part: train or test.

    ``naming`` gives the name of a clip from its path, ``subject`` the person in it from its name. Raises KinesicsError as
    ``make_dataset`` does, and naming the place of a clip that has two labels.
    """
    labels: dict[str, str] = {}
    splits: dict[str, tuple[list[str], list[str]]] = {}
    for place, fold, part, path, label in rows:
        video = naming(path)
        videos.add(place, path, name=video, subject=subject(video))
        if labels.setdefault(video, label) != label:
            raise KinesicsError(f"{place}: {video} is {label!r} here and {labels[video]!r} elsewhere")
        splits.setdefault(fold, ([], []))[part == "test"].append(video)
    events = [(video, label, 0.0, videos.duration_s(video)) for video, label in labels.items()]
    return make_dataset(videos, events, splits, family, where)
