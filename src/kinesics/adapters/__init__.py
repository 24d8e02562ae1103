"""The open data sets in the project's own tables: one file a data set, named after its id in ``config/sources.csv``.

``folder`` is the data set's own folder, ``data/<id>``. An adapter keeps the labels of its data set, in lower case with
underscores. What is no behaviour (rest, idle, non-gesture) gets no event: it is the time between them. It has

``LABELS``            the labels, without those of the background
``streams(folder)``   a table of ``video``, ``subject`` (None where nobody is named) and ``duration_s`` (NaN if not known)
``events(folder)``    the events table; times in seconds, person 0
``splits(folder)``    {fold: (videos to learn from, videos to test on)}, the protocol of the data set
``tracks(folder, out)``  where it has landmarks: writes ``out/<video>.parquet`` a stream and returns the paths

Data without time has ``labels(folder)`` instead of streams, events and splits: a table of ``video``, ``subject``,
``label`` and ``family``, one row a clip or picture.

Every function raises KinesicsError naming the file and the line for what is missing, malformed or unknown. The flaws
of a data set are named in the docstring of its adapter and repaired there.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from kinesics import KinesicsError
from kinesics.sources import TABLE, read_sources

ADAPTERS = (
    *("uci-gesture-phase", "uci-grammatical-facial-expressions", "mediapipe-pose-gestures", "egogestar"),
    *("shrec2022", "ipn-hand", "crema-d", "gpt4v-emotion"),
)


def adapter(dataset: str) -> ModuleType:
    """Return the adapter of a data set. Raises KinesicsError naming the choices."""
    if dataset not in ADAPTERS:
        raise KinesicsError(f"{dataset!r} has no adapter. The data sets are {', '.join(ADAPTERS)}.")
    return import_module(f"kinesics.adapters.{dataset.replace('-', '_')}")


def summary(
    data: str | Path, table: str | Path = TABLE, datasets: Sequence[str] = ADAPTERS
) -> list[dict[str, str | int | float | None]]:
    """Return a row a data set, computed from the files in ``data/<id>``.

    Keys: ``dataset``; ``streams`` and ``hours`` (None without time, hours also where the rate is not known);
    ``events`` (for data without time the labelled clips or pictures); ``labels``, how many different ones occur;
    ``persons`` (None where they are not named); ``licence`` as stated in the sources table.
    """
    sources = read_sources(Path(table))
    rows = []
    for dataset in datasets:
        module, folder = adapter(dataset), Path(data) / dataset
        row: dict[str, str | int | float | None] = {"dataset": dataset, "streams": None, "hours": None}
        if hasattr(module, "labels"):
            events = subjects = module.labels(folder)
        else:
            events, subjects = module.events(folder), module.streams(folder)
            hours = subjects["duration_s"].sum(skipna=False) / 3600
            row |= {"streams": len(subjects), "hours": None if hours != hours else round(float(hours), 4)}
        known = subjects["subject"].notna().all()
        row |= {"events": len(events), "labels": events["label"].nunique()}
        row |= {"persons": subjects["subject"].nunique() if known else None, "licence": sources[dataset][0]["licence"]}
        rows.append(row)
    return rows
