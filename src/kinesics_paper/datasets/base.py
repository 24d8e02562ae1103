"""The benchmarks of the full tier: one file a corpus, named after its row in ``corpora.csv``.

A corpus lies in one folder, unpacked as its authors distribute it. Its module has

``LABELS``         the labels, without those of the background
``read(folder)``   the ``Corpus``: its videos, truth and official splits

and, where the workflow downloads it, ``downloads(folder)`` (see ``download``). A module names the page or repository that its
layout was learned from, and what of it could not be verified. What the annotation lists has to be there: ``read`` raises
KinesicsError that names the file, the line, what to sign and where to unpack.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema

if TYPE_CHECKING:  # the Snakefile reads the table only
    import pandas as pd

#: name: its row of ``benchmarks.csv``
BENCHMARKS: dict[str, dict[str, str]] = {
    row["name"]: row
    for row in read_table(
        package_file("kinesics_paper.datasets", "benchmarks.csv"), schema("benchmarks", "kinesics_paper")
    )
}

#: What the workflow writes of a corpus (see ``index``).
INDEX = ("videos.csv", "events.csv", "splits.json", "ignored.csv", "tubes.parquet")


@dataclass(frozen=True)
class AnnotatedDataset:
    """What a corpus holds.

    ``videos``   a row a video: ``video`` (its name in all tables), ``path`` (below the corpus' folder: a video, or a folder
                 of pictures), ``subject`` (None where nobody is named), ``duration_s``, ``rate_hz`` (of pictures; NaN for a
                 video), ``start_s`` (the second of the file at which time 0 lies)
    ``events``   the events table; a clip with one label is an event as long as the clip
    ``splits``   {fold: (videos to learn from, videos to test on)}, the official protocol
    ``tubes``    the boxes of the events over time (``events.TUBE_COLUMNS``), or None
    ``ignored``  ``video``, ``start_s``, ``end_s`` of the time that the protocol leaves out of the evaluation
    """

    videos: "pd.DataFrame"
    events: "pd.DataFrame"
    splits: dict[str, tuple[list[str], list[str]]]
    tubes: "pd.DataFrame | None"
    ignored: "pd.DataFrame"


def benchmark_row(name: str) -> dict[str, str]:
    """Return the row of a corpus. Raises KinesicsError naming the choices."""
    if name not in BENCHMARKS:
        raise KinesicsError(f"{name!r} is not a corpus. The corpora are {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]


def find_reader(name: str) -> ModuleType:
    """Return the module of a corpus. Raises KinesicsError naming the choices."""
    return import_module(f"kinesics_paper.datasets.{benchmark_row(name)['name'].replace('-', '_')}")


def reader_file(name: str) -> str:
    """Return the path of a corpus' module in the repository."""
    return f"src/kinesics_paper/datasets/{benchmark_row(name)['name'].replace('-', '_')}.py"


def read_benchmark(name: str, folder: str | Path) -> AnnotatedDataset:
    """Return the corpus that lies in ``folder``.

    Raises KinesicsError naming the file and the line that is missing or malformed, what to sign, and where to unpack.
    """
    try:
        return find_reader(name).read(Path(folder))
    except KinesicsError as error:
        raise KinesicsError(f"{str(error).rstrip('.')}. {access_terms(name, folder)}") from None


def access_terms(name: str, folder: str | Path) -> str:
    """Return how a corpus is had, in a sentence: what to sign or fetch, where, and where to unpack it."""
    had = benchmark_row(name)
    if had["fetch"] == "yes":
        return f"{had['dataset']} is downloaded: delete {folder} and run again, or see {had['url']}"
    return f"For {had['dataset']}: {had['sign'] or 'download it'} ({had['url']}), then unpack into {folder}: {had['unpack']}"


def shard_count(name: str, hours: float) -> int:
    """Return into how many jobs a corpus is cut, each of about so many hours of video; known before the data are there."""
    return max(round(float(benchmark_row(name)["hours"]) / hours), 1)


def shard_videos(videos: Iterable[str], shard: int, count: int) -> list[str]:
    """Return the videos of a shard: every ``count``-th, so that long and short ones are spread."""
    return sorted(videos)[shard::count]
