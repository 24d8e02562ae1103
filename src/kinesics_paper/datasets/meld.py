"""MELD: utterances of a television series, seven emotions (Poria et al., ACL 2019).

Layout of MELD.Raw.tar.gz (huggingface.co/datasets/declare-lab/MELD) and of the three archives in it:
``MELD.Raw/[<part>/]<part>_sent_emo.csv`` with columns Emotion, Dialogue_ID, Utterance_ID and Speaker among others, and
``dia<d>_utt<u>.mp4`` in the folder of each part (the README of declare-lab/MELD, and public code that reads the archive).

Flaw, repaired here: two utterances of the annotation have no usable clip (``ABSENT``; reported by users, not verified
here). They are left out if they are not there.
"""

from collections.abc import Iterator
from pathlib import Path

from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, dataset_of_clips, first_existing, label_names, map_label, read_rows

CLASSES = label_names(("anger", "disgust", "sadness", "joy", "neutral", "surprise", "fear"))
LABELS = tuple(CLASSES.values())
#: Part of the authors: folder of its clips.
PARTS = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
ABSENT = ("train_dia125_utt3", "dev_dia110_utt7")


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the archive; the three archives in it are unpacked with it."""
    yield "https://huggingface.co/datasets/declare-lab/MELD/resolve/main/MELD.Raw.tar.gz", ""


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``test``: trained on the authors' train and dev parts."""

    def clips():
        for part, place in PARTS.items():
            file = first_existing(folder, f"MELD.Raw/{part}_sent_emo.csv", f"MELD.Raw/{part}/{part}_sent_emo.csv")
            rows = read_rows(folder / file, "Emotion", "Dialogue_ID", "Utterance_ID")
            for where, (label, dialogue, utterance) in rows:
                path = f"MELD.Raw/{part}/{place}/dia{dialogue}_utt{utterance}.mp4"
                if (folder / path).exists() or _name(path) not in ABSENT:
                    fold_part = "test" if part == "test" else "train"
                    yield where, "test", fold_part, path, map_label(where, label, CLASSES)

    return dataset_of_clips(Videos(folder), clips(), "emotion", folder, naming=_name)


def _name(path: str) -> str:
    return f"{Path(path).parts[1]}_{Path(path).stem}"


BENCHMARK = Benchmark(labels=LABELS, read=read, downloads=downloads)
