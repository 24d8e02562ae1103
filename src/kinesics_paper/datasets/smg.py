"""SMG: 40 people who tell true and false stories, 17 classes of micro-gestures (Chen et al., IJCV, 2023).

Layout: ``Sample<0001 to 0040>/Sample<number>_finelabels.csv``, one line ``class,first frame,last frame`` per gesture, frames
counted from 1; subjects 36 to 40 are the test set: mikecheninoulu/SMG@833b452:classification/SMG/1_st-gcn_smg/tools/
smg_gendata.py. Not verified: that the colour video is ``Sample<number>_color.mp4``, as in the ChaLearn samples whose reader
the authors use. The rate of the frames is that of the video. Labels are the numbers of the classes.
"""

from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.micro_gestures import read_folders

LABELS = tuple(f"mg_{number:02}" for number in range(1, 18))
TESTED = range(36, 41)


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``subjects``: no subject is in both parts."""

    def segment_files():
        for file in sorted(folder.glob("Sample*/*_finelabels.csv")):
            name = file.parent.name
            part = "test" if int(name.removeprefix("Sample")) in TESTED else "train"
            yield part, file, f"{name}/{name}_color.mp4", name

    return read_folders(folder, segment_files(), "subjects", LABELS, first_frame=1)


BENCHMARK = Benchmark(labels=LABELS, read=read)
