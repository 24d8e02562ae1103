"""SHREC 2022, online detection of heterogeneous gestures: the eight submitted runs scored by the track's rules.

Rules (``evaluation_shrec22_article_results.m`` of univr-VIPS/Shrec22; Emporio et al., Computers & Graphics 107, 2022):
detections of a sequence are taken in the order of the file; one is correct if a gesture of its label is not matched
yet, it covers at least half of that gesture, and is at most twice as long. Each of the 16 classes then has a
detection rate (correct / gestures), a false-positive rate (false detections / gestures: it may exceed 1) and a
Jaccard index (correct / (correct + missed + false)); a run's number is the mean of the classes.

The delay is in frames of the sensor, of correct detections. The script counts from the reported start to the decision;
counted from the true start, as the task's page defines it, a late start is not hidden: both are given.

Known flaws of the files, repaired by the reader: three runs end their lines with a carriage return, one run leaves out
the semicolon at the end of lines and of the file. Detections may overlap one another and stand out of order (two runs);
one run decides after the reported end (92 times): these are kept, as the track did.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.metrics.bootstrap import bootstrap_weights
from kinesics_paper.datasets.shrec2022 import CLASSES, RUNS, TRUTH, read_sequences
from kinesics_paper.literature.records import RESAMPLES, Estimate, record
from kinesics_paper.literature.tables import published_value, read_literature

TASK = "gesture detection (skeleton stream)"
DATASET = "SHREC 2022"

#: Smallest part of a gesture that a detection covers, and the longest detection in lengths of the gesture.
MIN_OVERLAP, MAX_LENGTH = 0.5, 2.0


def match(truth: list[tuple], detections: list[tuple]) -> list[int | None]:
    """Return for each detection the number of the gesture in ``truth`` that it matches, or None: the track's rule."""
    free = dict(enumerate(truth))
    matched: list[int | None] = []
    for label, start, end, *_ in detections:
        hits = (
            i
            for i, (name, true_start, true_end) in free.items()
            if name == label
            and end - start <= MAX_LENGTH * (true_end - true_start)
            and min(end, true_end) - max(start, true_start) >= MIN_OVERLAP * (true_end - true_start)
        )
        matched.append(next(hits, None))
        free.pop(matched[-1], None)
    return matched


def count_classes(truth: dict[str, list[tuple]], run: dict[str, list[tuple]], where: str = "run") -> np.ndarray:
    """Return counts, int (sequences, 16, 5): gestures, correct and false detections, and two sums over correct ones.

    The sums are the delays of the decision from the reported and from the true start, in frames.
    Raises KinesicsError naming ``where`` if the run does not have the sequences of the truth.
    """
    if missing := sorted(set(truth) ^ set(run), key=int):
        raise KinesicsError(f"{where}: sequence {missing[0]} stands in only one of the run and the truth")
    numbers = np.zeros((len(truth), len(CLASSES), 5), int)
    for sequence, (name, gestures) in zip(numbers, truth.items(), strict=True):
        for label, *_ in gestures:
            sequence[CLASSES.index(label), 0] += 1
        for (label, start, _, decision), gesture in zip(run[name], match(gestures, run[name]), strict=True):
            if gesture is None:
                sequence[CLASSES.index(label), 2] += 1
            else:
                sequence[CLASSES.index(label)] += [0, 1, 0, decision - start, decision - gestures[gesture][1]]
    return numbers


def rates(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Return the measures from counts (..., 16, 5), each the mean over the classes, shape (...)."""
    gestures, correct, wrong, reported, true = np.moveaxis(numbers.astype(float), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample may lack a class: it is left out of the mean
        parts = {
            "detection rate": correct / gestures,
            "false-positive rate": np.where(gestures > 0, wrong / gestures, np.nan),
            "Jaccard index": correct / (gestures + wrong),
            "delay from the reported start": reported / correct,
            "delay from the true start": true / correct,
        }
    present = {name: np.isfinite(part).sum(-1) for name, part in parts.items()}
    return {name: np.nansum(part, axis=-1) / np.maximum(present[name], 1) for name, part in parts.items()}


def score_shrec2022(data: str | Path, results: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> list[dict]:
    """Score the eight runs in the folder of the data set and return the records.

    Records have the keys of ``records.KEYS``; the variant is the run, rates are fractions, delays frames, and intervals
    come from resampling whole sequences. ``published`` is from a secondary source and stands only for four of the runs.
    """
    data = Path(data)
    truth = read_sequences(data / TRUTH, decisions=False)
    weights = bootstrap_weights(len(truth), resamples, seed)[:, 1:].T  # (resamples, sequences)
    quoted = results[(results["paper_key"] == "emporio2022shrec") & (results["dataset"] == DATASET)]
    records = []
    for run in RUNS:
        path = data / "participants_results" / f"{run}.txt"
        numbers = count_classes(truth, read_sequences(path, decisions=True), str(path))
        resampled = rates(np.tensordot(weights, numbers, axes=1))  # (resamples, sequences) x (sequences, 16, 5)
        for metric, value in rates(numbers.sum(0)).items():
            rows = quoted[(quoted["system"] == run) & (quoted["metric"] == metric)]
            published = published_value(rows, unverified=True, metric=metric) if len(rows) else None
            n = numbers[..., 0].sum()
            records.append(record(TASK, DATASET, run, metric, Estimate(value, n, resampled[metric]), published))
    return records


def rescore(data: str | Path) -> list[dict]:
    """Return ``score_shrec2022`` of the folder ``data`` beside the published results."""
    return score_shrec2022(data, read_literature("literature")["published_results"])
