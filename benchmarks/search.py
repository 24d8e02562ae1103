"""Search weight decay and number of steps of every trained detector; rewrites ``benchmarks/search.csv``.

    python benchmarks/search.py             after `make paper`: it reads its tracks, features and truth

Each pair of the grid is trained on the synthetic training videos with three seeds, calibrated as always, and scored by mean
average precision on the validation videos. The best pair stands in the detector's ``MODEL``; a test compares the two.
Test videos and real clips are not used.
"""

import csv
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/search.csv"
DECAYS, STEPS, SEEDS = (0.05, 0.5, 2.0, 4.0), (500, 1000), (0, 1, 2)


def search(task: tuple[str, float, int]) -> dict[str, str]:
    """Return a row: detector, decay, steps, and the mAP on the validation videos, the mean over seeds."""
    from kinesics.detectors.registry import find_detector, required_encoders
    from kinesics.io.checkpoints import write_checkpoint
    from kinesics.metrics.average_precision import average_precision
    from kinesics.signals.recording import read_recordings
    from kinesics.structures.events import read_events_csv

    name, decay, steps = task
    tracks = {split: sorted((ROOT / "results/tracks").glob(f"stage_{split}_*.parquet")) for split in ("train", "val")}
    encoders = [ROOT / "results/features" / encoder for encoder in required_encoders(name)]
    train, val = (
        read_recordings(paths, [folder / f"{path.stem}.safetensors" for folder in encoders for path in paths])
        for paths in tracks.values()
    )
    annotations, detector = read_events_csv(ROOT / "results/truth/synthetic_training.csv"), find_detector(name)
    true = annotations[annotations["video"].isin([clip.tracks.video for clip in val])]
    precision = []
    with TemporaryDirectory() as folder:
        for seed in SEEDS:
            path = Path(folder) / "model.safetensors"
            write_checkpoint(
                detector.name, detector.fit(train, [annotations], seed, val, decay=decay, steps=steps), path
            )
            events = pd.concat([detector.detect(clip, path)[0] for clip in val], ignore_index=True)
            precision.append(average_precision(true, events).to_numpy().mean())
    return {"detector": name, "decay": f"{decay:g}", "steps": f"{steps}", "map": f"{np.mean(precision):.3f}"}


def main() -> None:
    from kinesics.detectors.registry import DETECTORS
    from kinesics.io.files import replacing
    from kinesics_paper.compute_plan import read_config

    trained = read_config("embedded")["synthetic"]["detectors"]
    names = [name for name in trained if DETECTORS[name]["learns"] == "synthetic"]
    os.environ |= {"OMP_NUM_THREADS": "1"}
    rows = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as workers:
        for row in workers.map(search, product(names, DECAYS, STEPS)):
            rows.append(row)
            print(*row.values(), flush=True)
    with replacing(OUT) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
