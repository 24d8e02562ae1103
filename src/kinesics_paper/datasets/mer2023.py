"""MER2023: clips of Chinese films and series, six emotions; three test sets (Lian et al., ACM MM 2023).

Layout: ``mer2023train/train-label.csv`` and ``test-labels/test<1 to 3>-label.csv`` with columns name, discrete and valence,
clips in ``mer2023train/train/<name>.avi`` and ``test<1 to 3>/<name>.avi``, from the archives mer2023train.zip,
mer2023test1&2.zip, mer2023test3.zip and test-labels.zip of the data set's page (huggingface.co/datasets/MERChallenge/MER2023),
as public code that prepares them reads them. Not verified: the name of the third test archive. The valence is not read.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, label_names, map_label, read_rows

CLASSES = label_names(("worried", "happy", "neutral", "angry", "surprise", "sad"))
LABELS = tuple(CLASSES.values())
TESTS = ("test1", "test2", "test3")  # MER-MULTI, MER-NOISE, MER-SEMI


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with one fold per test set, each trained on all of the training set."""

    def labelled(file: Path, place: str):
        for where, (name, label) in read_rows(file, "name", "discrete"):
            yield where, f"{place}/{name}.avi", map_label(where, label, CLASSES)

    def rows():
        train = list(labelled(folder / "mer2023train/train-label.csv", "mer2023train/train"))
        for test in TESTS:
            for where, path, label in train:
                yield where, test, "train", path, label
            for where, path, label in labelled(folder / f"test-labels/{test}-label.csv", test):
                yield where, test, "test", path, label

    return dataset_of_clips(Videos(folder), rows(), "emotion", folder)


BENCHMARK = Benchmark(labels=LABELS, read=read)
