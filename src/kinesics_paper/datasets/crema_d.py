"""CREMA-D: the emotion that 91 actors meant in 7,442 clips (Cao et al., IEEE Transactions on Affective Computing, 2014).

Layout of the repository CheyneyComputerScience/CREMA-D, whose clips are kept by Git LFS: ``VideoFlash/<clip>.flv``, and
``tabulatedVotes.csv``, which has the votes of about ten raters a clip and modality, and names all clips.

Known flaws of the table of votes, handled by its reader: the modality of a row is only in the first digit of its unnamed
number (1 voice, 2 face, 3 both), which is checked; a tied crowd is written ``N:S`` and is computed again from the votes.

The authors give no split. Here five folds leave out every actor once, neighbours by number together; others draw other
folds, so numbers compare roughly.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.validation import read_table, schema
from kinesics_paper.datasets.base import AnnotatedDataset
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, folds_of

MODALITIES = ("voice", "face", "voice and face")


EMOTIONS = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}


#: The code of the meant emotion in the name of a clip, such as 1001_IEO_HAP_LO.
MEANT = {"ANG": "A", "DIS": "D", "FEA": "F", "HAP": "H", "NEU": "N", "SAD": "S"}


def read_votes(path: str | Path) -> pd.DataFrame:
    """Read ``tabulatedVotes.csv``: columns clip, actor, meant (a letter), modality, and the votes A D F H N S.

    Raises KinesicsError naming the file, the line and the value for a malformed row, an unknown clip name or modality,
    a clip that stands twice in a modality, or votes that do not add up to the row's own sums.
    """
    rows = read_table(path, schema("crema_d_votes", "kinesics_paper"))
    seen: set[tuple[str, str]] = set()
    table = []
    for line, row in enumerate(rows, 2):
        where = f"{path}: line {line}"
        clip = row["fileName"]
        actor, _, code, _ = clip.split("_")
        if code not in MEANT:
            raise KinesicsError(f"{where}: emotion {code!r} of clip {clip!r} is unknown; known are {', '.join(MEANT)}")
        modality = MODALITIES[int(row[""][0]) - 1]
        if (clip, modality) in seen:
            raise KinesicsError(f"{where}: clip {clip!r} stands twice among the ratings by {modality}")
        seen.add((clip, modality))
        votes = {letter: int(row[letter]) for letter in EMOTIONS}
        if sum(votes.values()) != int(row["numResponses"]):
            raise KinesicsError(f"{where}: {sum(votes.values())} votes, but numResponses says {row['numResponses']}")
        most = ":".join(letter for letter in EMOTIONS if votes[letter] == max(votes.values()))
        if most != row["emoVote"]:
            raise KinesicsError(f"{where}: most votes are for {most}, but emoVote says {row['emoVote']!r}")
        table.append({"clip": clip, "actor": actor, "meant": MEANT[code], "modality": modality} | votes)
    if not table:
        raise KinesicsError(f"{path}: no rows; download the file again")
    return pd.DataFrame(table)


LABELS = tuple(EMOTIONS.values())


def labels(folder: str | Path) -> pd.DataFrame:
    """Return one row a clip: video, subject (the actor), label (the meant emotion), family."""
    votes = read_votes(Path(folder) / "tabulatedVotes.csv").drop_duplicates("clip").sort_values("clip")
    table = votes.rename(columns={"clip": "video", "actor": "subject"})[["video", "subject"]]
    return table.assign(label=votes["meant"].map(EMOTIONS), family="emotion").reset_index(drop=True)


FOLDS = 5
VOTES = "tabulatedVotes.csv"

_REPOSITORY = "CheyneyComputerScience/CREMA-D/master"


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the table of votes, then each clip that it names."""
    yield f"https://raw.githubusercontent.com/{_REPOSITORY}/processedResults/{VOTES}", VOTES
    for clip in labels(folder)["video"]:
        yield f"https://media.githubusercontent.com/media/{_REPOSITORY}/VideoFlash/{clip}.flv", f"VideoFlash/{clip}.flv"


def read(folder: Path) -> AnnotatedDataset:
    """Return the corpus in five folds of actors."""
    found = labels(folder)
    fold_of = folds_of(found["subject"], FOLDS)
    where = str(folder / VOTES)

    def rows():
        for fold in range(FOLDS):
            for clip, actor, label in found[["video", "subject", "label"]].itertuples(index=False):
                part = "test" if fold_of[actor] == fold else "train"
                yield where, f"fold_{fold + 1}", part, f"VideoFlash/{clip}.flv", label

    return dataset_of_clips(Videos(folder), rows(), "emotion", folder, subject=lambda name: name[:4])
