"""FERV39k: clips of 22 scenes, seven emotions, one split (Wang et al., CVPR 2022).

Layout: ``4_setups/All_scenes/{train,test}_All.csv`` with lines such as ``Action/Anger/0255 Angry``, and the images of the
faces in ``2_ClipsforFaceCrop/Action/Anger/0255/``: sunlicai/MAE-DFER@dc8dace:preprocess/ferv39k.py. Not verified: the rate
of the images.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, label_names, map_label, read_lines

CLASSES = label_names(("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"))
LABELS = tuple(CLASSES.values())
RATE_HZ = 25.0  # of the images


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``all``."""

    def rows():
        for part in ("train", "test"):
            for where, (name, label) in read_lines(folder / f"4_setups/All_scenes/{part}_All.csv", 2, " "):
                yield where, "all", part, f"2_ClipsforFaceCrop/{name}", map_label(where, label, CLASSES)

    return dataset_of_clips(
        Videos(folder, RATE_HZ), rows(), "emotion", folder, naming=lambda path: "_".join(Path(path).parts[1:])
    )


BENCHMARK = Benchmark(labels=LABELS, read=read)
