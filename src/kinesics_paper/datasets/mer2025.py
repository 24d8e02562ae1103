"""MER2025, track 1: clips of Chinese films and series, six emotions (Lian et al., 2025).

Layout: ``track1_train_disdim.csv`` (7,369 labelled clips; columns name and discrete, as in MER2023) and ``video/``:
zeroQiaoba/MERTools@8c52531:MER2025/README.md. Not verified: the columns, and that clips end in .mp4. The labels of the
test set are not distributed, so no official test can be run here: the five folds take every fifth clip in the order of
names.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first_existing, label_names, map_label, read_rows

CLASSES = label_names(("worried", "happy", "neutral", "angry", "surprise", "sad"))
LABELS = tuple(CLASSES.values())
FOLDS = 5


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set in five folds."""

    def rows():
        clips = sorted(read_rows(folder / "track1_train_disdim.csv", "name", "discrete"), key=lambda row: row[1])
        for fold in range(FOLDS):
            for i, (where, (name, label)) in enumerate(clips):
                part = "test" if i % FOLDS == fold else "train"
                path = first_existing(folder, f"video/{name}.mp4", f"video/{name}.avi")
                yield where, f"fold_{fold + 1}", part, path, map_label(where, label, CLASSES)

    return dataset_of_clips(Videos(folder), rows(), "emotion", folder)


BENCHMARK = Benchmark(labels=LABELS, read=read)
