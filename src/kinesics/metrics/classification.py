"""Measure classification: whether the label of an event is right, given its time.

Measures take counts over the last axis, one per class: ``correct`` outputs, ``support`` (samples of the class) and
``answered`` (outputs of the class). Leading axes are those of resamples.
"""

import numpy as np
import pandas as pd

from kinesics.metrics.matching import f1_score, overlaps, ratio


def war(correct: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Return the weighted average recall sum(correct) / sum(support), which is accuracy: (..., C) to (...).

    The name is that of dynamic facial expression recognition (Jiang et al., DFEW, ACM MM 2020).
    """
    return ratio(np.sum(correct, -1), np.sum(support, -1))


def uar(correct: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Return the unweighted average recall, the mean of correct / support over the classes with samples: (..., C) to (...).

    From the INTERSPEECH 2009 emotion challenge (Schuller et al., 2009): a class counts the same however rare.
    """
    recall = ratio(correct, support)
    return ratio(np.nansum(recall, -1), np.isfinite(recall).sum(-1))


def weighted_f1(correct: np.ndarray, support: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """Return the mean of the classes' F1, weighted by their support: (..., C) to (...).

    sum(support * F1) / sum(support) with F1 = 2 correct / (support + answered): the measure of MER 2023 (Lian et al.,
    ACM MM 2023) and of scikit-learn's ``average="weighted"``.
    """
    correct, support, answered = (np.asarray(counts, float) for counts in (correct, support, answered))
    f1 = f1_score(correct, answered - correct, support - correct)
    return ratio(np.nansum(f1 * support, -1), support.sum(-1))


def label_predictions(
    truth: pd.DataFrame, predicted: pd.DataFrame, tiou: float = 0.5, match_person: bool = True
) -> np.ndarray:
    """Return the predicted row that labels each true event, -1 for none: int (N,).

    Of the predictions of its video and person, whatever their label, it is the one of largest tIoU of at least
    ``tiou``; of equal tIoU that of larger score, then the later row. Predictions where nothing is true
    do not count: that is for detection. Row order decides the last ties: sort first.
    """
    t, p, iou = overlaps(truth.assign(label=""), predicted.assign(label=""), tiou, match_person)
    score = predicted["score"].to_numpy()
    answer = np.full(len(truth), -1)
    order = np.lexsort((p, score[p], iou))
    answer[t[order]] = p[order]  # the last assignment stays
    return answer
