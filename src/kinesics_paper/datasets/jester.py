"""Jester: clips of people at a webcam, 27 gestures (Materzynska et al., ICCV Workshops 2019).

Layout: ``jester-v1-labels.csv`` (one label per line), ``jester-v1-{train,validation}.csv`` with lines ``<number>;<label>``,
and the images in ``20bn-jester-v1/<number>/00001.jpg``, as public code reads them; 12 images a second (not verified).
The labels of the test set are not distributed: the validation set is scored. Doing other things is a class of
its own, and so is no gesture.
"""

from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, label_names, map_label, read_lines

COUNT = 27
RATE_HZ = 12.0


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``validation``."""
    file = folder / "jester-v1-labels.csv"
    classes = label_names(fields[0] for _, fields in read_lines(file, 1, ";"))
    if len(classes) != COUNT:
        raise KinesicsError(f"{file}: {len(classes)} labels instead of {COUNT}")

    def rows():
        for name, part in (("train", "train"), ("validation", "test")):
            for where, (clip, label) in read_lines(folder / f"jester-v1-{name}.csv", 2, ";"):
                yield where, "validation", part, f"20bn-jester-v1/{clip}", map_label(where, label, classes)

    return dataset_of_clips(Videos(folder, RATE_HZ), rows(), "gesture", folder)


BENCHMARK = Benchmark(labels=None, read=read)
