"""CREMA-D: the emotion that 91 actors intended in 7,442 clips (Cao et al., IEEE Transactions on Affective Computing, 2014).

Layout of the repository CheyneyComputerScience/CREMA-D, whose clips are kept by Git LFS: ``VideoFlash/<clip>.flv``, and
``tabulatedVotes.csv``, which has the votes of about ten raters per clip and modality, and names all clips. The table
``crema_d.csv`` beside this module has the SHA-256 and the size of each clip, from the LFS pointers of the commit.

Known flaws of the table of votes, handled by its reader: the modality of a row is only in the first digit of its unnamed
number (1 voice, 2 face, 3 both), which is checked; a tied crowd is written ``N:S`` and is computed again from the votes.

The authors give no split. Here five folds leave out every actor once, neighbours by number together; other authors draw other
folds, so numbers compare roughly.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark, LabelledDataset
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, folds_of

MODALITIES = ("voice", "face", "voice and face")
EMOTIONS = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
LABELS = tuple(EMOTIONS.values())
#: The code of the intended emotion in the name of a clip, such as 1001_IEO_HAP_LO.
CODES = {"ANG": "A", "DIS": "D", "FEA": "F", "HAP": "H", "NEU": "N", "SAD": "S"}
FOLDS = 5
VOTES = "tabulatedVotes.csv"

CHECKSUMS = package_file("kinesics_paper.datasets", "crema_d.csv")

_COMMIT = "CheyneyComputerScience/CREMA-D/1658cd342dff90010aa843eaeebd53610a08b1dc"


_CHECKSUM_ROW = {
    "type": "object",
    "required": ["clip", "sha256", "bytes"],
    "properties": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
}


def read_votes(path: str | Path) -> pd.DataFrame:
    """Read ``tabulatedVotes.csv``: columns clip, actor, meant (a letter), modality, and the votes A D F H N S.

    Raises KinesicsError naming the file, the line and the value for a malformed row, an unknown clip name or modality,
    a clip that stands twice in a modality, or votes that do not add up to the row's own sums.
    """
    rows = read_table(path, schema("crema_d_votes", "kinesics_paper"))
    rated: set[tuple[str, str]] = set()
    table = []
    for line, row in enumerate(rows, 2):
        where = f"{path}: line {line}"
        clip = row["fileName"]
        actor, _, code, _ = clip.split("_")
        if code not in CODES:
            raise KinesicsError(f"{where}: emotion {code!r} of clip {clip!r} is unknown; known are {', '.join(CODES)}")
        modality = MODALITIES[int(row[""][0]) - 1]
        if (clip, modality) in rated:
            raise KinesicsError(f"{where}: clip {clip!r} stands twice among the ratings by {modality}")
        rated.add((clip, modality))
        votes = {letter: int(row[letter]) for letter in EMOTIONS}
        if sum(votes.values()) != int(row["numResponses"]):
            raise KinesicsError(f"{where}: {sum(votes.values())} votes, but numResponses says {row['numResponses']}")
        most = ":".join(letter for letter in EMOTIONS if votes[letter] == max(votes.values()))
        if most != row["emoVote"]:
            raise KinesicsError(f"{where}: most votes are for {most}, but emoVote says {row['emoVote']!r}")
        table.append({"clip": clip, "actor": actor, "meant": CODES[code], "modality": modality} | votes)
    if not table:
        raise KinesicsError(f"{path}: no rows; download the file again")
    return pd.DataFrame(table)


def read_labels(folder: str | Path) -> pd.DataFrame:
    """Return one row per clip: video, subject (the actor), label (the intended emotion), family."""
    votes = read_votes(Path(folder) / VOTES).drop_duplicates("clip").sort_values("clip")
    table = votes.rename(columns={"clip": "video", "actor": "subject"})[["video", "subject"]]
    return table.assign(label=votes["meant"].map(EMOTIONS), family="emotion").reset_index(drop=True)


def read_crowd(folder: str | Path) -> pd.DataFrame:
    """Return one row per clip and modality: video, modality, n (votes), and the share of the votes for each of ``LABELS``."""
    votes = read_votes(Path(folder) / VOTES).sort_values(["clip", "modality"], ignore_index=True)
    n = votes[list(EMOTIONS)].sum(axis=1)
    shares = votes[list(EMOTIONS)].div(n, axis=0).rename(columns=EMOTIONS)
    return pd.concat([votes[["clip", "modality"]].rename(columns={"clip": "video"}), n.rename("n"), shares], axis=1)


def read_checksums() -> dict[str, str]:
    """Return the SHA-256 of each clip by its place below the folder of the data set."""
    return {f"VideoFlash/{row['clip']}.flv": row["sha256"] for row in read_table(CHECKSUMS, _CHECKSUM_ROW)}


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the table of votes, then each clip that it names."""
    yield f"https://raw.githubusercontent.com/{_COMMIT}/processedResults/{VOTES}", VOTES
    for clip in read_labels(folder)["video"]:
        yield f"https://media.githubusercontent.com/media/{_COMMIT}/VideoFlash/{clip}.flv", f"VideoFlash/{clip}.flv"


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set in five folds of actors."""
    table = read_labels(folder)
    fold_of = folds_of(table["subject"], FOLDS)
    where = str(folder / VOTES)

    def clips():
        for fold in range(FOLDS):
            for clip, actor, label in table[["video", "subject", "label"]].itertuples(index=False):
                part = "test" if fold_of[actor] == fold else "train"
                yield where, f"fold_{fold + 1}", part, f"VideoFlash/{clip}.flv", label

    return dataset_of_clips(Videos(folder), clips(), "emotion", folder, subject=lambda name: name[:4])


OPEN = LabelledDataset(labels=LABELS, read_labels=read_labels)
BENCHMARK = Benchmark(labels=LABELS, read=read, downloads=downloads, checksums=read_checksums)
