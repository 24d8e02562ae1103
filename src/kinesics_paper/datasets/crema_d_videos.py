"""CREMA-D with its clips: 91 actors who speak twelve sentences in six emotions (Cao et al., IEEE TAC, 2014).

Layout of the repository CheyneyComputerScience/CREMA-D, whose clips are kept by Git LFS: ``VideoFlash/<clip>.flv``. The
clips, and the emotion that was meant, are those of the table of votes, which ``kinesics.adapters.crema_d`` reads.

The authors give no split. Here five folds leave out every actor once, neighbours by number together; others draw other
folds, so numbers compare roughly.
"""

from collections.abc import Iterator
from pathlib import Path

from kinesics.adapters import crema_d
from kinesics.corpora import Corpus
from kinesics.corpora.readers import Videos, clips, folds_of

LABELS = crema_d.LABELS
FOLDS = 5
VOTES = "tabulatedVotes.csv"

_REPOSITORY = "CheyneyComputerScience/CREMA-D/master"


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the table of votes, then each clip that it names."""
    yield f"https://raw.githubusercontent.com/{_REPOSITORY}/processedResults/{VOTES}", VOTES
    for clip in crema_d.labels(folder)["video"]:
        yield f"https://media.githubusercontent.com/media/{_REPOSITORY}/VideoFlash/{clip}.flv", f"VideoFlash/{clip}.flv"


def read(folder: Path) -> Corpus:
    """Return the corpus in five folds of actors."""
    found = crema_d.labels(folder)
    fold_of = folds_of(found["subject"], FOLDS)
    where = str(folder / VOTES)

    def rows():
        for fold in range(FOLDS):
            for clip, actor, label in found[["video", "subject", "label"]].itertuples(index=False):
                part = "test" if fold_of[actor] == fold else "train"
                yield where, f"fold_{fold + 1}", part, f"VideoFlash/{clip}.flv", label

    return clips(Videos(folder), rows(), "emotion", folder, subject=lambda name: name[:4])
