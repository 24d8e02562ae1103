"""The contracts of data sets, and the table of the benchmarks of the full tier.

Each data set has one file in this package, named after its id with underscores for hyphens. At the end of the file stands

``OPEN``       a ``TimedDataset``, ``TrackedDataset`` or ``LabelledDataset`` if ``config/datasets.csv`` has it
``BENCHMARK``  a ``Benchmark`` if it has a row in ``benchmarks.csv``

and some data sets have both. ``open_data`` and this module find them by id. A reader names the page or repository that its
layout was read from and what of it could not be verified; the flaws of a data set are named in its docstring and repaired
there. Every function raises KinesicsError naming the file and the line of what is missing, malformed or unknown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema

if TYPE_CHECKING:  # the Snakefile reads the table only
    import pandas as pd

#: {fold: (videos of the training part, videos of the test part)}
Splits = dict[str, tuple[list[str], list[str]]]

#: name: its row of ``benchmarks.csv``
BENCHMARKS: dict[str, dict[str, str]] = {
    row["name"]: row
    for row in read_table(
        package_file("kinesics_paper.datasets", "benchmarks.csv"), schema("benchmarks", "kinesics_paper")
    )
}

#: The files that ``index.write_index`` makes of a benchmark.
INDEX = ("videos.csv", "events.csv", "splits.json", "ignored.csv", "tubes.parquet")


class ReadTable(Protocol):
    """Read one table of the data set that lies in ``folder``."""

    def __call__(self, folder: str | Path) -> "pd.DataFrame": ...


class ReadSplits(Protocol):
    """Read the folds of the data set's protocol: {fold: (training videos, test videos)}."""

    def __call__(self, folder: str | Path) -> Splits: ...


class WriteTracks(Protocol):
    """Write the tracks of every video below ``out``; return the paths of the tracks files."""

    def __call__(self, folder: str | Path, out: str | Path) -> list[Path]: ...


class ReadBenchmark(Protocol):
    """Read a benchmark that is unpacked in ``folder`` as its authors distribute it."""

    def __call__(self, folder: Path) -> "AnnotatedDataset": ...


class ListDownloads(Protocol):
    """Yield (URL, place below ``folder``) of each download; see ``download.fetch``."""

    def __call__(self, folder: Path) -> Iterator[tuple[str, str]]: ...


@dataclass(frozen=True, kw_only=True)
class TimedDataset:
    """An open data set of videos with events in time.

    ``labels``        the labels in lower case with underscores. What is no behaviour (rest, idle, non-gesture) is no label
                      and gets no event: it is the time between events
    ``read_streams``  a table of ``video``, ``subject`` (None where persons are not named) and ``duration_s`` (NaN if unknown)
    ``read_events``   the events table; times in seconds, person 0
    ``read_splits``   the protocol of the data set
    ``videos``        the names of its videos where they are known before the data are there, else empty
    """

    labels: tuple[str, ...]
    read_streams: ReadTable
    read_events: ReadTable
    read_splits: ReadSplits
    videos: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrackedDataset(TimedDataset):
    """An open data set of videos with events in time, and with landmarks.

    ``write_tracks``  writes the tracks of its ``videos``
    ``track_files``   the names of the files that it writes for each ``{video}``
    """

    write_tracks: WriteTracks
    track_files: tuple[str, ...] = ("{video}.parquet",)


@dataclass(frozen=True, kw_only=True)
class LabelledDataset:
    """An open data set without time.

    ``labels``       the labels in lower case
    ``read_labels``  a table of ``video``, ``subject``, ``label`` and ``family``, one row per recording or image
    """

    labels: tuple[str, ...]
    read_labels: ReadTable


OpenDataset = TimedDataset | LabelledDataset


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A benchmark of the full tier.

    ``labels``     the labels without the background; None where the annotation files list them
    ``read``       reads its videos, truth and official splits; every file that the annotation lists has to be there
    ``downloads``  lists its files where the workflow downloads it, else None
    ``checksums``  returns the SHA-256 of files by their place below the folder, where its authors publish them, else None
    """

    labels: tuple[str, ...] | None
    read: ReadBenchmark
    downloads: ListDownloads | None = None
    checksums: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True)
class AnnotatedDataset:
    """The videos, the truth and the protocol of a benchmark.

    ``videos``   one row per video: ``video`` (its name in all tables), ``path`` (below the folder of the data set: a video
                 file or a folder of images), ``subject`` (None where persons are not named), ``duration_s``, ``rate_hz`` (of
                 images; NaN for a video file), ``start_s`` (the second of the file at which time 0 lies)
    ``events``   the events table; a recording with one label is an event as long as the recording
    ``splits``   {fold: (training videos, test videos)}, the official protocol
    ``tubes``    the boxes of the events over time (``events.TUBE_COLUMNS``), or None
    ``ignored``  ``video``, ``start_s``, ``end_s`` of the time that the protocol leaves out of the evaluation
    """

    videos: "pd.DataFrame"
    events: "pd.DataFrame"
    splits: Splits
    tubes: "pd.DataFrame | None"
    ignored: "pd.DataFrame"


def module_name(dataset: str) -> str:
    """Return the name of the module that reads a data set."""
    return f"kinesics_paper.datasets.{dataset.replace('-', '_')}"


def reader_file(dataset: str) -> str:
    """Return the path of that module in the repository."""
    return f"src/{module_name(dataset).replace('.', '/')}.py"


def benchmark_row(name: str) -> dict[str, str]:
    """Return the row of a benchmark. Raises KinesicsError naming the choices."""
    if name not in BENCHMARKS:
        raise KinesicsError(f"{name!r} is not a benchmark. The benchmarks are {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]


def find_benchmark(name: str) -> Benchmark:
    """Return the reader of a benchmark. Raises KinesicsError naming the choices."""
    return import_module(module_name(benchmark_row(name)["name"])).BENCHMARK


def read_benchmark(name: str, folder: str | Path) -> AnnotatedDataset:
    """Return the benchmark that lies in ``folder``.

    Raises KinesicsError naming the file and the line that is missing or malformed, what to sign, and where to unpack.
    """
    try:
        return find_benchmark(name).read(Path(folder))
    except KinesicsError as error:
        raise KinesicsError(f"{str(error).rstrip('.')}. {access_terms(name, folder)}") from None


def access_terms(name: str, folder: str | Path) -> str:
    """Return how to obtain a benchmark, in a sentence: what to sign or fetch, where, and where to unpack it."""
    row = benchmark_row(name)
    if row["fetch"] == "yes":
        return f"{row['dataset']} is downloaded: delete {folder} and run again, or see {row['url']}"
    return f"For {row['dataset']}: {row['sign'] or 'download it'} ({row['url']}), then unpack into {folder}: {row['unpack']}"


def shard_count(name: str, hours: float) -> int:
    """Return the number of jobs for a benchmark, each of about ``hours`` hours of video; known before the data are there."""
    return max(round(float(benchmark_row(name)["hours"]) / hours), 1)


def shard_videos(videos: Iterable[str], shard: int, count: int) -> list[str]:
    """Return the videos of a shard: every ``count``-th, so that long and short ones are spread."""
    return sorted(videos)[shard::count]
