"""Measure continuous recognition, with the events of a whole video as one sequence."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kinesics.metrics.matching import ratio


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions that turn one sequence into the other.

    Dynamic programming (Levenshtein, Soviet Physics Doklady 10, 1966; Wagner and Fischer, JACM 21, 1974), one row of the
    table at a time as whole numbers whose bits say where the distance rises and falls along the row (Myers, JACM 46,
    1999, in the form of Hyyrö, A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances, 2003).
    """
    places: dict[str, int] = {}
    for k, symbol in enumerate(a):
        places[symbol] = places.get(symbol, 0) | 1 << k
    mask = (1 << len(a)) - 1
    rises, falls, distance = mask, 0, len(a)
    for symbol in b:
        equal = places.get(symbol, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        up, down = falls | ~(diagonal | rises) & mask, rises & diagonal
        distance += (up >> len(a) - 1 & 1) - (down >> len(a) - 1 & 1) if a else 1
        up, down = up << 1 | 1, down << 1
        rises, falls = (down | ~(diagonal | up)) & mask, up & diagonal & mask
    return distance


def edits(truth: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return the edit distance and the number of true events of each video and person in either table.

    Columns edits, length; index video, person. The sequence is the labels by start, then end, then label.
    """
    keys = ["video", "person"]
    labels = [
        dict(list(table.sort_values([*keys, "start_s", "end_s", "label"], kind="stable").groupby(keys)["label"]))
        for table in (truth, predicted)
    ]
    rows = [
        (*key, edit_distance(*(list(side.get(key, [])) for side in labels)), len(labels[0].get(key, [])))
        for key in sorted({*labels[0], *labels[1]})
    ]
    return pd.DataFrame(rows, columns=[*keys, "edits", "length"]).set_index(keys)


def jaccard(counts: np.ndarray) -> np.ndarray:
    """Return the Jaccard index of each sequence from frame counts of each label (L, S, 2, 2): (S,).

    J_s = (1 / l_s) sum over labels of |T and P| / |T or P|, with T and P the frames on which the label is true and
    predicted and l_s the number of labels that occur in the truth of the sequence; a label that is predicted but never
    true has 0 and does not count in l_s (Wan et al., ChaLearn ConGD, CVPR Workshops 2016, eq. 2 to 4). The mean over
    sequences is the mean Jaccard index. NaN where nothing is true. ``frame_counts`` gives the counts.
    """
    counts = np.asarray(counts, float)
    both = counts[..., 1, 1]
    each = ratio(both, counts.sum((-2, -1)) - counts[..., 0, 0])
    true = counts[..., 1, :].sum(-1) > 0
    return ratio(np.where(true, np.nan_to_num(each), 0).sum(0), true.sum(0))
