"""DFEW: clips of films, seven emotions, five folds (Jiang et al., ACM MM 2020).

Layout: ``EmoLabel_DataSplit/{train,test}(single-labeled)/set_<1 to 5>.csv`` with columns video_name (a number) and label (1
to 7), as sunlicai/MAE-DFER@dc8dace:preprocess/dfew.py reads them, and the clips as ``Clip/original/<number>.mp4``, or as
images in ``Clip/jpg_256/<number of five digits>/`` as there. Not verified: the name of the folder of clips, and the
rate of the images. The order of the labels is that of the tables of published results.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first_existing, map_label, read_rows

#: As written: the label.
CLASSES = dict(zip("1234567", ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"), strict=True))
LABELS = tuple(CLASSES.values())
RATE_HZ = 25.0  # of the images


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set; the test part of each of the five folds is scored."""

    def rows():
        for fold in "12345":
            for part in ("train", "test"):
                file = folder / f"EmoLabel_DataSplit/{part}(single-labeled)/set_{fold}.csv"
                for where, (number, label) in read_rows(file, "video_name", "label"):
                    path = first_existing(folder, f"Clip/original/{number}.mp4", f"Clip/jpg_256/{number:0>5}")
                    yield where, f"fd{fold}", part, path, map_label(where, label, CLASSES)

    return dataset_of_clips(Videos(folder, RATE_HZ), rows(), "emotion", folder)


BENCHMARK = Benchmark(labels=LABELS, read=read)
