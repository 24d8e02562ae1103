"""GPT-4V with Emotion: the labels of the samples of 19 data sets that it answered (Lian et al., Information Fusion, 2024).

The released files are read by ``kinesics.review.gpt4v``, which names their flaws and scores the answers. The pictures
and clips are not here, nor who is to be seen. Each of the data sets has its own vocabulary (``sad`` and ``sadness``),
kept as it is; intensities of sentiment become ``negative``, ``neutral`` (0) and ``positive``.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.review.gpt4v import read_answers, read_sets

LABELS = tuple(sorted({name.lower() for row in read_sets() for name in row["classes"].split()} | {"neutral"}))


def labels(folder: str | Path) -> pd.DataFrame:
    """Return one row a sample: video (``<data set>/<name>``), subject (not known), label, family."""
    parts = []
    sets = {row["dataset"]: row for row in reversed(read_sets())}  # the first row of a data set is the published one
    for dataset, row in reversed(sets.items()):
        path = Path(folder) / "results" / row["answers"]
        table = read_answers(path, row["classes"].split(), numeric=bool(row["zero"]))
        truth = table["truth"]
        if row["zero"]:
            truth = pd.Series(np.select([truth > 0, truth < 0], ["positive", "negative"], "neutral"))
        parts.append(pd.DataFrame({"video": f"{dataset}/" + table["name"], "label": truth.str.lower()}))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(subject=None, family="emotion")[["video", "subject", "label", "family"]]
