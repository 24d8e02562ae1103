"""Time and memory of the trained detectors on synthetic videos; rewrites ``benchmarks/methods.csv``, which the article prints.

    python benchmarks/methods.py            after `make paper`: it reads its tracks, features and truth

Each detector runs in a process of its own, on one thread: it is trained with seed 0 and then detects in the test videos
twice, of which the second time counts, since the first one compiles. Times are the processor's. They are no part of the
build, because no build could repeat them to the digit.
"""

import csv
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/methods.csv"
COLUMNS = ["detector", "train_s", "train_mb", "detect_s", "detect_mb"]


def run(name: str) -> dict[str, str]:
    """Return a row: seconds of training, seconds a minute of one person's track, and the peak memory after either."""
    from kinesics.detectors.registry import required_encoders
    from kinesics.detectors.runner import Run, detect_runs, fit_seeds
    from kinesics.structures.tracks import read_tracks

    def files(split: str) -> tuple[list[Path], list[Path]]:
        tracks = sorted((ROOT / "results/tracks").glob(f"stage_{split}_*.parquet"))
        return tracks, [
            ROOT / f"results/features/{one}/{path.stem}.safetensors"
            for one in required_encoders(name)
            for path in tracks
        ]

    def peak_mb() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    (train, train_features), (val, val_features), (test, test_features) = map(files, ("train", "val", "test"))
    people = [read_tracks(path) for path in test]
    minutes = sum(len(tracks.persons) * tracks.duration_s for tracks in people) / 60
    with TemporaryDirectory() as folder:
        model, out = Path(folder) / "model.safetensors", Path(folder) / "events.csv"
        begun = time.process_time()
        fit_seeds(
            name, train, train_features + val_features, [ROOT / "results/truth/synthetic_training.csv"], {0: model}, val
        )
        train_s, train_mb = time.process_time() - begun, peak_mb()
        for _ in range(2):
            begun = time.process_time()
            for path in test:
                own = [file for file in test_features if file.stem == path.stem]
                detect_runs(name, [Run(path, own, 0, model, out)])
            detect_s = time.process_time() - begun
    numbers = f"{train_s:.0f}", f"{train_mb:.0f}", f"{detect_s / minutes:.2f}", f"{peak_mb():.0f}"
    return dict(zip(COLUMNS, (name, *numbers), strict=True))


def main() -> None:
    if len(sys.argv) == 2:
        print(json.dumps(run(sys.argv[1])))
        return
    from kinesics.detectors.registry import DETECTORS
    from kinesics.io.files import replacing

    detectors = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["synthetic"]["detectors"]
    rows = []
    for name in (name for name in detectors if DETECTORS[name]["learns"] == "synthetic"):
        printed = subprocess.run([sys.executable, __file__, name], check=True, stdout=subprocess.PIPE, text=True).stdout
        rows.append(json.loads(printed.splitlines()[-1]))
        print(*rows[-1].values(), flush=True)
    with replacing(OUT) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
