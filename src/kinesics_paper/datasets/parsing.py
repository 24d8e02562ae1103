"""What the corpora share: lines of annotation files, read and checked, and the tables made from them."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video
from kinesics.structures.events import BOX, TUBE_COLUMNS, check_events, empty_events
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets.base import AnnotatedDataset

#: A picture of a clip that is distributed as pictures.
PICTURES = ("*.jpg", "*.png")


def read_lines(path: Path, count: int | None, separator: str | None = ",") -> Iterator[tuple[str, list[str]]]:
    """Yield ("file: line n", fields) of each line of a text file that is not empty; ``separator`` None: blanks.

    Raises KinesicsError naming the file and the line if it is missing, no text, has no rows, or a line has not ``count``
    fields (None: any number).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [line.split() for line in file] if separator is None else list(csv.reader(file, delimiter=separator))
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise KinesicsError(f"{path}: not a text file in UTF-8: {error}") from None
    if not any(rows):
        raise KinesicsError(f"{path}: no rows")
    for number, fields in enumerate(rows, 1):
        if fields and count is not None and len(fields) != count:
            raise KinesicsError(f"{path}: line {number}: {len(fields)} fields instead of {count}")
        if fields:
            yield f"{path}: line {number}", [field.strip() for field in fields]


def read_rows(path: Path, *columns: str) -> Iterator[tuple[str, list[str]]]:
    """Yield ("file: line n", values of ``columns``) of each row of a CSV file with a header, which may have more columns.

    Raises KinesicsError as ``lines`` does, and naming a column that is missing.
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


def known(where: str, label: str, choices: Mapping[str, str]) -> str:
    """Return the project's name of a label; raise KinesicsError naming the place and the choices of an unknown one."""
    if label not in choices:
        raise KinesicsError(f"{where}: label {label!r} is unknown; known are {', '.join(choices)}")
    return choices[label]


def names(labels: Iterable[str]) -> dict[str, str]:
    """Return {label as it is written: label in lower case with underscores}."""
    return {label: label.lower().replace(" ", "_").replace("-", "_") for label in labels}


def number(where: str, value: str, what: str) -> float:
    """Return a field as a number; raise KinesicsError naming the place and the value if it is no finite one."""
    try:
        found = float(value)
    except ValueError:
        found = np.nan
    if not np.isfinite(found):
        raise KinesicsError(f"{where}: {what} {value!r} is not a number")
    return found


def first(folder: Path, *paths: str) -> str:
    """Return the first of the paths below the folder that is there, or else the first."""
    return next((path for path in paths if (folder / path).exists()), paths[0])


def folds_of(subjects: Iterable[str], count: int) -> dict[str, int]:
    """Return the fold of each subject: ``count`` folds of neighbours in the sorted order, sizes as equal as can be."""
    ordered = sorted(set(subjects))
    return {subject: place * count // len(ordered) for place, subject in enumerate(ordered)}


class Videos:
    """The videos of a corpus, added one by one as the annotation names them; each has to be there."""

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
            duration_s = seconds(len(pictures(place)), rate_hz)
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
        found = pd.DataFrame.from_dict(self._rows, orient="index", columns=columns)
        return found.rename_axis("video").sort_index().reset_index()


def pictures(folder: Path) -> list[Path]:
    """Return the pictures of a clip in order. Raises KinesicsError naming the folder if it has none."""
    found = sorted(path for pattern in PICTURES for path in folder.glob(pattern))
    if not found:
        raise KinesicsError(f"{folder}: no pictures ({', '.join(PICTURES)})")
    return found


def make_dataset(
    videos: Videos,
    events: Iterable[tuple],
    splits: Mapping[str, tuple[Iterable[str], Iterable[str]]],
    family: str,
    where: Path,
    tubes: pd.DataFrame | None = None,
    ignored: Iterable[tuple[str, float, float]] = (),
) -> AnnotatedDataset:
    """Return the ``Corpus`` of events (video, label, start, end[, person[, x0, y0, x1, y1]]) in seconds.

    An event that goes beyond the end of its video is cut there; one that begins there, or has no length, is left out.
    ``tubes`` count the events in the order given. Raises KinesicsError, naming ``where``, for a video in both parts of a
    fold, or an event that cannot be.
    """
    columns = ["video", "label", "start_s", "end_s", "person", *BOX]
    rows = [(*event, *(0, *[np.nan] * 4)[len(event) - 4 :]) for event in events]
    found = pd.DataFrame(rows, columns=columns)
    if found.empty:
        found = empty_events()
    else:
        ends = found["video"].map(videos.duration_s)
        found["end_s"] = found["end_s"].clip(upper=ends)
        found = found[found["end_s"] > found["start_s"]].assign(family=family)
        # check_events sorts; the score carries the number of the event through it
        found = check_events(found.assign(score=found.index.astype(float)), str(where))
        if tubes is not None:
            place = pd.Series(found.index, index=found["score"].astype(int))
            tubes = tubes[tubes["event"].isin(place.index)]
            tubes = tubes.assign(event=tubes["event"].map(place)).sort_values(["event", "time_s"], kind="stable")
            tubes = tubes[TUBE_COLUMNS].reset_index(drop=True)
        found["score"] = 1.0
    folds = {}
    for fold, (train, test) in splits.items():
        train, test = sorted(set(train)), sorted(set(test))
        if both := sorted(set(train) & set(test)):
            raise KinesicsError(f"{where}: fold {fold}: {both[0]} is to learn from and to test on")
        folds[fold] = (train, test)
    left_out = pd.DataFrame(list(ignored), columns=["video", "start_s", "end_s"])
    left_out = left_out.astype({"start_s": float, "end_s": float}).sort_values(["video", "start_s"], ignore_index=True)
    return AnnotatedDataset(videos.table(), found, folds, tubes, left_out)


def dataset_of_clips(
    videos: Videos,
    rows: Iterable[tuple[str, str, str, str, str]],
    family: str,
    where: Path,
    naming: Callable[[str], str] = lambda path: Path(path).stem,
    subject: Callable[[str], str | None] = lambda name: None,
) -> AnnotatedDataset:
    """Return the ``Corpus`` of clips with one label each, from rows (place, fold, part, path, label); part: train or test.

    ``naming`` gives the name of a clip from its path, ``subject`` who is to be seen from its name.

    Raises KinesicsError as ``corpus`` does, and naming the place of a clip that has two labels.
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
