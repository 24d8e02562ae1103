"""iMiGUE: press conferences of tennis players, 32 classes of micro-gestures (Liu et al., CVPR 2021).

Layout: ``imigue_skeleton_{train,validate}/<id>/<id>_label.csv``, one line ``class,first frame,last frame`` per gesture, frames
counted from 0, class 99 apart from 1 to 31: mikecheninoulu/SMG@93f4dad:classification/iMiGUE/stgcn_imigue/tools/
iMiGUEaccessSample.py. Not verified: that the videos lie in ``imigue_rgb_{train,validate}/<id>.mp4`` (that code reads
skeletons). The rate of the frames is that of the video. Labels are the numbers of the classes.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.micro_gestures import read_folders

LABELS = (*(f"mg_{number:02}" for number in range(1, 32)), "mg_99")
PARTS = {"train": "imigue_skeleton_train", "test": "imigue_skeleton_validate"}


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``validate``."""

    def segment_files():
        for part, place in PARTS.items():
            for file in sorted((folder / place).glob("*/*_label.csv")):
                name = file.parent.name
                yield part, file, f"{place.replace('skeleton', 'rgb')}/{name}.mp4", name

    return read_folders(folder, segment_files(), "validate", LABELS, first_frame=0)


BENCHMARK = Benchmark(labels=LABELS, read=read)
