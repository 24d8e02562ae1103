"""MELD: utterances of a television series, seven emotions (Poria et al., ACL 2019).

Layout of MELD.Raw.tar.gz (huggingface.co/datasets/declare-lab/MELD) and of the three archives in it:
``MELD.Raw/[<part>/]<part>_sent_emo.csv`` with columns Emotion, Dialogue_ID, Utterance_ID and Speaker among others, and
``dia<d>_utt<u>.mp4`` in the folder of each part (the README of declare-lab/MELD, and public code that reads the archive).

Flaw, repaired here: two utterances of the annotation have no usable clip (``ABSENT``; reported by users, not verified
here). They are left out if they are not there.
"""

from collections.abc import Iterator
from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first, known, names, read_rows

LABELS = ("anger", "disgust", "sadness", "joy", "neutral", "surprise", "fear")
#: Part of the authors: folder of its clips.
PARTS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
ABSENT = ("train_dia125_utt3", "dev_dia110_utt7")


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the archive; the three archives in it are unpacked with it."""
    yield "https://huggingface.co/datasets/declare-lab/MELD/resolve/main/MELD.Raw.tar.gz", ""


def read(folder: Path) -> AnnotatedDataset:
    """Return the corpus, the one fold ``test``: learned on the authors' train and dev parts."""

    def rows():
        for part, place in PARTS.items():
            csv = folder / first(folder, *(f"MELD.Raw/{inner}{part}_sent_emo.csv" for inner in ("", f"{part}/")))
            for where, (label, dialogue, utterance) in read_rows(csv, "Emotion", "Dialogue_ID", "Utterance_ID"):
                path = f"MELD.Raw/{part}/{place}/dia{dialogue}_utt{utterance}.mp4"
                if (folder / path).exists() or _name(path) not in ABSENT:
                    yield where, "test", "test" if part == "test" else "train", path, known(where, label, names(LABELS))

    return dataset_of_clips(Videos(folder), rows(), "emotion", folder, naming=_name)


def _name(path: str) -> str:
    return f"{Path(path).parts[1]}_{Path(path).stem}"
