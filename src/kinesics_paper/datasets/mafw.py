"""MAFW: clips with one of eleven emotions, five folds (Liu et al., ACM MM 2022).

Layout: ``split/single/no_caption/set_<1 to 5>/{train,test}.txt`` with lines such as ``00001.mp4 anger``:
sunlicai/MAE-DFER@dc8dace:preprocess/mafw.py. The clips lie in ``data/clips/``; not verified, since there the images are
read (``data/frames/00001/``), which are taken if the clip is not there. Clips with several emotions are not read.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first_existing, label_names, map_label, read_lines

CLASSES = label_names((
    *("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    *("contempt", "anxiety", "helplessness", "disappointment"),
))  # fmt: skip
LABELS = tuple(CLASSES.values())
RATE_HZ = 25.0  # of the images; not verified


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set; the test part of each of the five folds is scored."""

    def rows():
        for fold in "12345":
            for part in ("train", "test"):
                file = folder / f"split/single/no_caption/set_{fold}/{part}.txt"
                for where, (name, label) in read_lines(file, 2, " "):
                    path = first_existing(folder, f"data/clips/{name}", f"data/frames/{Path(name).stem}")
                    yield where, f"set_{fold}", part, path, map_label(where, label, CLASSES)

    return dataset_of_clips(Videos(folder, RATE_HZ), rows(), "emotion", folder)


BENCHMARK = Benchmark(labels=LABELS, read=read)
