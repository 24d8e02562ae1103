"""What a corpus holds as files of the workflow: written once by ``write``, read by every job on a shard."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing, write_json
from kinesics.structures.events import TUBE_COLUMNS, read_events_csv, read_tubes, write_events_csv, write_tubes
from kinesics_paper.datasets.base import AnnotatedDataset, read_benchmark


def write_index(name: str, folder: str | Path, out: str | Path) -> None:
    """Read the corpus in ``folder`` and write ``INDEX`` into ``out``. Raises KinesicsError as ``corpora.read`` does."""
    corpus, out = read_benchmark(name, folder), Path(out)
    videos = corpus.videos.assign(path=[str((Path(folder) / path).resolve()) for path in corpus.videos["path"]])
    for table, file in ((videos, "videos.csv"), (corpus.ignored, "ignored.csv")):
        with replacing(out / file) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n", float_format="%.6f")
    write_events_csv(corpus.events, out / "events.csv")
    write_json(out / "splits.json", {fold: list(parts) for fold, parts in corpus.splits.items()})
    tubes = corpus.tubes if corpus.tubes is not None else pd.DataFrame({column: [] for column in TUBE_COLUMNS})
    write_tubes(tubes, out / "tubes.parquet")


def load_index(folder: str | Path) -> AnnotatedDataset:
    """Return the corpus whose ``INDEX`` lies in ``folder``; paths of videos are whole ones.

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
        raise KinesicsError(f"{error.filename}: no such file; index the corpus first") from None
    videos["subject"] = videos["subject"].where(videos["subject"].notna(), None)
    splits = {fold: (parts[0], parts[1]) for fold, parts in splits.items()}
    return AnnotatedDataset(
        videos, read_events_csv(folder / "events.csv"), splits, tubes if len(tubes) else None, ignored
    )


def left_out(corpus: AnnotatedDataset, video: str, times_s: np.ndarray) -> np.ndarray:
    """Return which times (n,) of a video lie in what the protocol ignores: bool (n,)."""
    mine = corpus.ignored[corpus.ignored["video"] == video]
    times_s = np.asarray(times_s)[:, None]
    return ((times_s >= mine["start_s"].to_numpy()) & (times_s < mine["end_s"].to_numpy())).any(1)
