"""The open data sets in the project's own tables: one file a data set, named after its id in ``config/sources.csv``.

``folder`` is the data set's own folder, ``data/<id>``. An adapter keeps the labels of its data set, in lower case with
underscores. What is no behaviour (rest, idle, non-gesture) gets no event: it is the time between them. It has

``LABELS``            the labels, without those of the background
``streams(folder)``   a table of ``video``, ``subject`` (None where nobody is named) and ``duration_s`` (NaN if not known)
``events(folder)``    the events table; times in seconds, person 0
``splits(folder)``    {fold: (videos to learn from, videos to test on)}, the protocol of the data set
``tracks(folder, out)``  where it has landmarks: writes ``out/<video>.parquet`` for each of ``VIDEOS``, returns the paths

Data without time has ``labels(folder)`` instead of streams, events and splits: a table of ``video``, ``subject``,
``label`` and ``family``, one row a clip or picture.

``write`` puts all that into files, which the workflow keeps in ``results/open/<id>``.

Every function raises KinesicsError naming the file and the line for what is missing, malformed or unknown. The flaws
of a data set are named in the docstring of its adapter and repaired there.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json, write_text
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics_paper.downloads import read_downloads

OPEN_DATASETS = (
    *("uci-gesture-phase", "uci-grammatical-facial-expressions", "mediapipe-pose-gestures", "egogestar"),
    *("shrec2022", "ipn-hand", "crema-d", "gpt4v-emotion"),
)


def find_open_dataset(dataset: str) -> ModuleType:
    """Return the adapter of a data set. Raises KinesicsError naming the choices."""
    if dataset not in OPEN_DATASETS:
        raise KinesicsError(f"{dataset!r} has no adapter. The data sets are {', '.join(OPEN_DATASETS)}.")
    return import_module(f"kinesics_paper.datasets.{dataset.replace('-', '_')}")


def output_names(dataset: str) -> list[str]:
    """Return the files that ``write`` makes of a data set, known before the data are there."""
    module = find_open_dataset(dataset)
    if hasattr(module, "labels"):
        return ["labels.csv"]
    a_stream = getattr(module, "TRACKS", ("{video}.parquet",)) if hasattr(module, "tracks") else ()
    tracks = [f"tracks/{name.format(video=video)}" for name in a_stream for video in module.VIDEOS]
    return ["events.csv", "streams.csv", "splits.json", *tracks]


def write_tables(dataset: str, folder: str | Path, out: str | Path) -> None:
    """Write the tables of a data set from its ``folder`` into ``out``: the files of ``outputs``.

    ``splits.json`` is {fold: {"train": videos, "test": videos}}. All data are read before anything is written.
    """
    module, out = find_open_dataset(dataset), Path(out)
    if hasattr(module, "labels"):
        _write(module.labels(folder), out / "labels.csv")
        return
    events, streams, splits = module.events(folder), module.streams(folder), module.splits(folder)
    if hasattr(module, "tracks"):
        module.tracks(folder, out / "tracks")
    write_events_csv(events, out / "events.csv")
    _write(streams, out / "streams.csv")
    write_json(out / "splits.json", {fold: {"train": train, "test": test} for fold, (train, test) in splits.items()})


def summarise(tables: str | Path, datasets: Sequence[str] = OPEN_DATASETS) -> list[dict[str, str | int | float | None]]:
    """Return a row a data set, computed from what ``write`` made in ``tables/<id>``.

    Keys: ``dataset``; ``streams`` and ``hours`` (None without time, hours also where the rate is not known);
    ``events`` (for data without time the labelled clips or pictures); ``labels``, how many different ones occur;
    ``persons`` (None where they are not named); ``licence`` as stated in the sources table.
    """
    sources = read_downloads()
    rows = []
    for dataset in datasets:
        folder = Path(tables) / dataset
        row: dict[str, str | int | float | None] = {"dataset": dataset, "streams": None, "hours": None}
        if output_names(dataset) == ["labels.csv"]:
            events = subjects = pd.read_csv(folder / "labels.csv", dtype=str)
        else:
            events = read_events_csv(folder / "events.csv")
            subjects = pd.read_csv(folder / "streams.csv", dtype={"subject": str})
            hours = subjects["duration_s"].sum(skipna=False) / 3600
            row |= {"streams": len(subjects), "hours": None if hours != hours else round(float(hours), 4)}
        known = subjects["subject"].notna().all()
        row |= {"events": len(events), "labels": events["label"].nunique()}
        row |= {"persons": subjects["subject"].nunique() if known else None, "licence": sources[dataset][0]["licence"]}
        rows.append(row)
    return rows


def _write(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6f"))
