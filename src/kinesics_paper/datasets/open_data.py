"""The open data sets of ``config/datasets.csv`` as files in the project's formats.

``folder`` is the folder of one data set, ``data/<id>``. ``write_tables`` writes what its reader gives (``base.TimedDataset``
and its kin); the workflow keeps the files in ``results/open/<id>``.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import write_json, write_text
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics_paper.datasets.base import LabelledDataset, OpenDataset, TrackedDataset, module_name
from kinesics_paper.downloads import read_downloads

OPEN_DATASETS = (
    *("uci-gesture-phase", "uci-grammatical-facial-expressions", "mediapipe-pose-gestures", "egogestar"),
    *("shrec2022", "ipn-hand", "crema-d", "gpt4v-emotion"),
)


def find_open_dataset(dataset: str) -> OpenDataset:
    """Return the reader of a data set. Raises KinesicsError naming the choices."""
    if dataset not in OPEN_DATASETS:
        raise KinesicsError(f"{dataset!r} has no reader. The data sets are {', '.join(OPEN_DATASETS)}.")
    return import_module(module_name(dataset)).OPEN


def output_names(dataset: str) -> list[str]:
    """Return the files that ``write_tables`` makes of a data set, known before the data are there."""
    reader = find_open_dataset(dataset)
    if isinstance(reader, LabelledDataset):
        return ["labels.csv"]
    tables = ["events.csv", "streams.csv", "splits.json"]
    if not isinstance(reader, TrackedDataset):
        return tables
    return [*tables, *(f"tracks/{name.format(video=video)}" for name in reader.track_files for video in reader.videos)]


def write_tables(dataset: str, folder: str | Path, out: str | Path) -> None:
    """Write the tables of a data set from its ``folder`` into ``out``: the files of ``output_names``.

    ``splits.json`` is {fold: {"train": videos, "test": videos}}. All data are read before anything is written.
    """
    reader, out = find_open_dataset(dataset), Path(out)
    if isinstance(reader, LabelledDataset):
        _write_csv(reader.read_labels(folder), out / "labels.csv")
        return
    events, streams, splits = reader.read_events(folder), reader.read_streams(folder), reader.read_splits(folder)
    if isinstance(reader, TrackedDataset):
        reader.write_tracks(folder, out / "tracks")
    write_events_csv(events, out / "events.csv")
    _write_csv(streams, out / "streams.csv")
    write_json(out / "splits.json", {fold: {"train": train, "test": test} for fold, (train, test) in splits.items()})


def summarise(tables: str | Path, datasets: Sequence[str] = OPEN_DATASETS) -> list[dict[str, str | int | float | None]]:
    """Return one row per data set, computed from what ``write_tables`` made in ``tables/<id>``.

    Keys: ``dataset``; ``streams`` and ``hours`` (None without time, hours also where the rate is not known);
    ``events`` (of data without time the labelled recordings or images); ``labels``, how many different ones occur;
    ``persons`` (None where they are not named); ``licence`` as stated in the table of downloads.
    """
    sources = read_downloads()
    rows = []
    for dataset in datasets:
        folder = Path(tables) / dataset
        row: dict[str, str | int | float | None] = {"dataset": dataset, "streams": None, "hours": None}
        if isinstance(find_open_dataset(dataset), LabelledDataset):
            events = subjects = pd.read_csv(folder / "labels.csv", dtype=str)
        else:
            events = read_events_csv(folder / "events.csv")
            subjects = pd.read_csv(folder / "streams.csv", dtype={"subject": str})
            hours = subjects["duration_s"].sum(skipna=False) / 3600
            row |= {"streams": len(subjects), "hours": None if hours != hours else round(float(hours), 4)}
        named = subjects["subject"].notna().all()
        row |= {"events": len(events), "labels": events["label"].nunique()}
        row |= {"persons": subjects["subject"].nunique() if named else None, "licence": sources[dataset][0]["licence"]}
        rows.append(row)
    return rows


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n", float_format="%.6f"))
