"""GPT-4V with Emotion: the labels of the samples of 19 data sets that it answered (Lian et al., Information Fusion, 2024).

The released files are read by ``kinesics.review.gpt4v``, which names their flaws and scores the answers. The pictures
and clips are not here, nor who is to be seen. Each of the data sets has its own vocabulary (``sad`` and ``sadness``),
kept as it is; intensities of sentiment become ``negative``, ``neutral`` (0) and ``positive``.

Several files hold answers on the same samples (other inputs, or Twitter I by how many raters agree, of which each set
holds the next): a sample counts once.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics import KinesicsError
from kinesics.review.gpt4v import read_answers, read_sets

LABELS = tuple(sorted({name.lower() for row in read_sets() for name in row["classes"].split()} | {"neutral"}))


def labels(folder: str | Path) -> pd.DataFrame:
    """Return one row a sample: video (``<folder of the data set>/<name>``), subject (not known), label, family.

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
