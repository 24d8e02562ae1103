"""GPT-4V with Emotion: the labels of the samples of 19 data sets that it answered (Lian et al., Information Fusion, 2024).

The released files are read by ``kinesics_paper.studies.gpt4v``, which names their flaws and scores the answers. The images
and clips are not here, nor the names of the persons in them. Each of the data sets has its own vocabulary (``sad`` and
``sadness``), kept as it is; intensities of sentiment become ``negative``, ``neutral`` (0) and ``positive``.

Several files hold answers on the same samples (other inputs, or Twitter I by how many raters agree, of which each set
holds the next): a sample counts once.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema
from kinesics_paper.datasets.base import LabelledDataset


def read_sets() -> list[dict[str, str]]:
    """Return the rows of ``gpt4v_emotion.csv``: which file holds what, and the published choices."""
    path = package_file("kinesics_paper.datasets", "gpt4v_emotion.csv")
    return read_table(path, schema("gpt4v_sets", "kinesics_paper"))


def read_answers(path: str | Path, classes: list[str], numeric: bool = False) -> pd.DataFrame:
    """Read one file of answers: columns ``name``, ``truth`` (float if ``numeric``) and ``answers`` (a list of text).

    Raises KinesicsError naming the file and the line for a malformed row, a label that is not in ``classes`` (or not a
    number), a sample that stands there twice, or a file without rows.
    """
    rows = read_table(path, schema("gpt4v_answers", "kinesics_paper"))
    if not rows:
        raise KinesicsError(f"{path}: no rows; download the file again")
    lines: dict[str, int] = {}
    for line, row in enumerate(rows, 2):
        if numeric:
            try:
                row["gt"] = float(row["gt"])
            except ValueError:
                raise KinesicsError(f"{path}: line {line}: label {row['gt']!r} is not a number") from None
        elif row["gt"] not in classes:
            raise KinesicsError(f"{path}: line {line}: label {row['gt']!r} is unknown; known are {', '.join(classes)}")
        if row["name"] in lines:
            raise KinesicsError(f"{path}: line {line}: sample {row['name']!r} stands in line {lines[row['name']]} too")
        lines[row["name"]] = line
    answers = [[part.strip() for part in row["gpt4v"].split(",")] for row in rows]
    return pd.DataFrame(
        {"name": [row["name"] for row in rows], "truth": [row["gt"] for row in rows], "answers": answers}
    )


def read_sample_names(path: str | Path) -> list[str]:
    """Return the names of all samples of a set, answered or not. Raises KinesicsError naming the file and the line."""
    return [row["name"] for row in read_table(path, schema("gpt4v_labels", "kinesics_paper"))]


def read_labels(folder: str | Path) -> pd.DataFrame:
    """Return one row per sample: video (``<folder of the data set>/<name>``), subject (not known), label, family.

    Raises KinesicsError naming the file and the sample if two files give a sample two labels.
    """
    parts = []
    for row in read_sets():
        path = Path(folder) / "results" / row["answers"]
        table = read_answers(path, row["classes"].split(), numeric=bool(row["zero"]))
        truth = table["truth"]
        if row["zero"]:
            truth = pd.Series(np.select([truth > 0, truth < 0], ["positive", "negative"], "neutral"))
        video = f"{Path(row['answers']).parent}/" + table["name"]
        parts.append(pd.DataFrame({"video": video, "label": truth.str.lower(), "path": str(path)}))
    table = pd.concat(parts, ignore_index=True).drop_duplicates(["video", "label"])
    if (twice := table["video"].duplicated()).any():
        row = table[twice].iloc[0]
        raise KinesicsError(f"{row['path']}: sample {row['video']!r} has another label than in another file of its set")
    table = table.sort_values("video", kind="stable", ignore_index=True)
    return table.assign(subject=None, family="emotion")[["video", "subject", "label", "family"]]


LABELS = tuple(sorted({name.lower() for row in read_sets() for name in row["classes"].split()} | {"neutral"}))
OPEN = LabelledDataset(labels=LABELS, read_labels=read_labels)
