"""RAVDESS: 24 actors who speak two sentences in eight emotions (Livingstone & Russo, PLoS ONE, 2018).

Layout: ``Actor_<01 to 24>/<modality>-<channel>-<emotion>-<intensity>-<sentence>-<repetition>-<actor>.mp4``, the naming rule
of the data set's page (zenodo.org/records/1188976). Read are the 1,440 spoken clips with image and sound (01-01-*); a
neutral clip has one intensity only.

The authors give no split. Here six folds leave out four actors each, in the order of their numbers; other authors draw other
folds, so numbers compare roughly.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, folds_of

LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
ACTORS = tuple(f"{actor:02}" for actor in range(1, 25))
FOLDS = 6


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the archive of each actor's spoken clips."""
    for actor in ACTORS:
        yield f"https://zenodo.org/records/1188976/files/Video_Speech_Actor_{actor}.zip?download=1", ""


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set in six folds of actors."""
    fold_of = folds_of(ACTORS, FOLDS)
    where = f"{folder}: the naming rule of RAVDESS"

    def rows():
        for fold, actor in product(range(FOLDS), ACTORS):
            for emotion, intensity, sentence, repetition in product(range(1, 9), "12", "12", "12"):
                if emotion > 1 or intensity == "1":
                    name = f"01-01-0{emotion}-0{intensity}-0{sentence}-0{repetition}-{actor}.mp4"
                    part = "test" if fold_of[actor] == fold else "train"
                    yield where, f"fold_{fold + 1}", part, f"Actor_{actor}/{name}", LABELS[emotion - 1]

    return dataset_of_clips(Videos(folder), rows(), "emotion", folder, subject=lambda name: name[-2:])


BENCHMARK = Benchmark(labels=LABELS, read=read, downloads=downloads)
