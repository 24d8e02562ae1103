"""CREMA-D: how well people recognise the emotion that an actor intended, by voice, by face and by both.

The released table ``tabulatedVotes.csv`` has the votes of about ten raters per clip and modality (Cao et al., IEEE
Transactions on Affective Computing 5, 2014). Two questions: how many single votes name the intended emotion (``votes``),
and how often the crowd does, the emotion with most votes (``crowd``; of k tied emotions each counts 1/k). Intervals
resample the 91 actors, since clips of one actor resemble each other.

The published rates are not exactly those of the released votes: the recomputed ones lie within one point of them. The
reason is not known, and the records hold both.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.metrics.bootstrap import bootstrap_weights
from kinesics_paper.datasets.crema_d import EMOTIONS, MODALITIES, VOTES, read_votes
from kinesics_paper.literature.records import RESAMPLES, Estimate, record
from kinesics_paper.literature.tables import published_value, read_literature

TASK = "emotion recognition by people"
DATASET = "CREMA-D"


def rate(votes: pd.DataFrame) -> pd.DataFrame:
    """Return for each clip ``right`` (votes for the intended emotion), ``votes`` (all) and ``crowd`` (0-1)."""
    numbers = votes[list(EMOTIONS)].to_numpy()  # (clips, 6)
    own = numbers[np.arange(len(votes)), votes["meant"].map(list(EMOTIONS).index).to_numpy()]
    most = numbers == numbers.max(1, keepdims=True)
    crowd = (own == numbers.max(1)) / most.sum(1)
    return votes[["actor", "meant", "modality"]].assign(right=own, votes=numbers.sum(1), crowd=crowd)


def score_crema_d(data: str | Path, results: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> list[dict]:
    """Score the votes in the folder of the data set and return the records.

    Records have the keys of ``records.KEYS``. The variant is the modality; the metrics are ``votes`` and ``crowd``
    over all clips, their ``mean of emotions``, and one per intended emotion (``crowd for fear``), all in percent.
    """
    table = rate(read_votes(Path(data) / VOTES))
    actors = sorted(table["actor"].unique())
    # (1 + resamples, actors), row by row in memory: sums of the crowd's shares depend on their order
    weights = np.ascontiguousarray(bootstrap_weights(len(actors), resamples, seed).T)
    table["actor"] = table["actor"].map(actors.index)
    records = []
    for modality in MODALITIES:
        clips = table[table["modality"] == modality]
        parts = {name: _by_actor(clips[clips["meant"] == letter], weights) for letter, name in EMOTIONS.items()}
        published = published_value(results, paper_key="cao2014cremad", dataset=DATASET, setting=modality)
        for metric, (values, n) in _by_actor(clips, weights).items():
            emotions = {name: part[metric] for name, part in parts.items()}
            mean = np.nanmean([values_of_emotion for values_of_emotion, _ in emotions.values()], axis=0)
            records.append(_record(modality, metric, values, n, published if metric == "votes" else None))
            records.append(_record(modality, f"{metric}, mean of emotions", mean, n))
            records += [_record(modality, f"{metric} for {name}", *part) for name, part in emotions.items()]
    return records


def _by_actor(clips: pd.DataFrame, weights: np.ndarray) -> dict[str, tuple[np.ndarray, int]]:
    """Return the two measures in percent under each row of weights (1 + resamples, actors), and how many were counted."""
    sums = [
        weights @ np.bincount(clips["actor"], clips[name], minlength=weights.shape[1])
        for name in ("right", "votes", "crowd")
    ]
    n = weights @ np.bincount(clips["actor"], minlength=weights.shape[1])
    with np.errstate(invalid="ignore"):
        return {"votes": (100 * sums[0] / sums[1], int(sums[1][0])), "crowd": (100 * sums[2] / n, int(n[0]))}


def _record(modality: str, metric: str, values: np.ndarray, n: int, published: float | None = None) -> dict:
    """Return one record; ``values`` is the measure on the data, then on each resample."""
    return record(TASK, DATASET, modality, metric, Estimate(values[0], n, values[1:]), published)


def rescore(data: str | Path) -> list[dict]:
    """Return ``score_crema_d`` of the folder ``data`` beside the published results."""
    return score_crema_d(data, read_literature("literature")["published_results"])
