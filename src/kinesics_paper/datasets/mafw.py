"""MAFW: clips with one of eleven emotions, five folds (Liu et al., ACM MM 2022).

Layout: ``split/single/no_caption/set_<1 to 5>/{train,test}.txt`` with lines such as ``00001.mp4 anger``:
sunlicai/MAE-DFER@dc8dace:preprocess/mafw.py. The clips lie in ``data/clips/``; not verified, since there the pictures are
read (``data/frames/00001/``), which are taken if the clip is not there. Clips with several emotions are not read.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first, known, names, read_lines

LABELS = (
    *("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    *("contempt", "anxiety", "helplessness", "disappointment"),
)
RATE_HZ = 25.0  # of the pictures; not verified


def read(folder: Path) -> AnnotatedDataset:
    """Return the corpus; the test part of each of the five folds is scored."""

    def rows():
        for fold in "12345":
            for part in ("train", "test"):
                file = folder / f"split/single/no_caption/set_{fold}/{part}.txt"
                for where, (name, label) in read_lines(file, 2, " "):
                    path = first(folder, f"data/clips/{name}", f"data/frames/{Path(name).stem}")
                    yield where, f"set_{fold}", part, path, known(where, label, names(LABELS))

    return dataset_of_clips(Videos(folder, RATE_HZ), rows(), "emotion", folder)
