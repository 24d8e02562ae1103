"""CREMA-D: the emotion that 91 actors meant in 7,442 clips (Cao et al., IEEE Transactions on Affective Computing, 2014).

The table of votes is read by ``kinesics.review.crema_d``, which names its flaws and scores the raters. The clips
themselves, and so their lengths, are not here.
"""

from pathlib import Path

import pandas as pd

from kinesics.review.crema_d import EMOTIONS, read_votes

LABELS = tuple(EMOTIONS.values())


def labels(folder: str | Path) -> pd.DataFrame:
    """Return one row a clip: video, subject (the actor), label (the meant emotion), family."""
    votes = read_votes(Path(folder) / "tabulatedVotes.csv").drop_duplicates("clip").sort_values("clip")
    table = votes.rename(columns={"clip": "video", "actor": "subject"})[["video", "subject"]]
    return table.assign(label=votes["meant"].map(EMOTIONS), family="emotion").reset_index(drop=True)
