"""A benchmark as files of the workflow: written once by ``write_index``, read by every job on a shard."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing, write_json
from kinesics.structures.events import TUBE_COLUMNS, read_events_csv, read_tubes, write_events_csv, write_tubes
from kinesics_paper.datasets.base import AnnotatedDataset, read_benchmark


def write_index(name: str, folder: str | Path, out: str | Path) -> None:
    """Read the benchmark in ``folder`` and write ``base.INDEX`` into ``out``; raises as ``read_benchmark`` does."""
    dataset, out = read_benchmark(name, folder), Path(out)
    videos = dataset.videos.assign(path=[str((Path(folder) / path).resolve()) for path in dataset.videos["path"]])
    for table, file in ((videos, "videos.csv"), (dataset.ignored, "ignored.csv")):
        with replacing(out / file) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6f")
    write_events_csv(dataset.events, out / "events.csv")
    write_json(out / "splits.json", {fold: list(parts) for fold, parts in dataset.splits.items()})
    tubes = dataset.tubes if dataset.tubes is not None else pd.DataFrame({column: [] for column in TUBE_COLUMNS})
    write_tubes(tubes, out / "tubes.parquet")


def load_index(folder: str | Path) -> AnnotatedDataset:
    """Return the benchmark whose ``base.INDEX`` lies in ``folder``; paths of videos are absolute.

    Raises KinesicsError naming a file that is missing.
    """
    folder = Path(folder)
    try:
        text = {"video": str, "path": str, "subject": str}
        videos = pd.read_csv(folder / "videos.csv", dtype=text, keep_default_na=False, na_values=[""])
        ignored = pd.read_csv(folder / "ignored.csv", dtype={"video": str}).astype({"start_s": float, "end_s": float})
        splits = json.loads((folder / "splits.json").read_text(encoding="utf-8"))
        tubes = read_tubes(folder / "tubes.parquet")
    except FileNotFoundError as error:
        raise KinesicsError(f"{error.filename}: no such file; index the data set first") from None
    videos["subject"] = videos["subject"].where(videos["subject"].notna(), None)
    splits = {fold: (parts[0], parts[1]) for fold, parts in splits.items()}
    return AnnotatedDataset(
        videos, read_events_csv(folder / "events.csv"), splits, tubes if len(tubes) else None, ignored
    )


def is_ignored(dataset: AnnotatedDataset, video: str, times_s: np.ndarray) -> np.ndarray:
    """Return which times (n,) of a video lie in time that the protocol ignores: bool (n,)."""
    spans = dataset.ignored[dataset.ignored["video"] == video]
    times_s = np.asarray(times_s)[:, None]
    return ((times_s >= spans["start_s"].to_numpy()) & (times_s < spans["end_s"].to_numpy())).any(1)
