"""Contingency tables of true classes and answers, and their bootstrap.

A contingency table has shape (..., C, C + 1): rows are the true classes, columns the answers, and the last column counts the
answers outside the list of classes. The measures are those of ``kinesics.metrics.classification``.

Why the draws are not those of ``kinesics.metrics.bootstrap``: there, a resample is a column of weights of units; here it is a
table, drawn from a multinomial distribution over the cells (bootstrap: Efron, Annals of Statistics 7, 1979). Both resample
single samples with replacement, but a table has a few dozen cells where there are thousands of samples, so that thousands
of resamples cost milliseconds; and with the other draws every interval of the records would have other digits.
"""

from collections.abc import Callable, Sequence

import numpy as np

from kinesics.metrics import classification
from kinesics.metrics.matching import ratio
from kinesics_paper.literature.records import RESAMPLES


def contingency_table(truth: Sequence[str], answer: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Return the table (C, C + 1) of two sequences of one length; every truth is one of ``classes``."""
    number = {name: i for i, name in enumerate(classes)}
    table = np.zeros((len(classes), len(classes) + 1), int)
    rows = [number[name] for name in truth]
    np.add.at(table, (rows, [number.get(name, len(classes)) for name in answer]), 1)
    return table


def resample(table: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return tables of resampled samples, shape (resamples, *table.shape)."""
    n = int(table.sum())
    flat = np.random.default_rng(seed).multinomial(n, table.ravel() / n, size=resamples)
    return flat.reshape(resamples, *table.shape)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Return the share of correct answers, 0-1, shape (...)."""
    return classification.war(_correct(table), table.sum(-1))


def recall(table: np.ndarray) -> np.ndarray:
    """Return the recall of each class, shape (..., C); NaN for a class without samples."""
    return ratio(_correct(table), table.sum(-1))


def uar(table: np.ndarray) -> np.ndarray:
    """Return the unweighted average recall over the classes with samples, shape (...)."""
    return classification.uar(_correct(table), table.sum(-1))


def weighted_f1(table: np.ndarray) -> np.ndarray:
    """Return the mean of the F1 of the classes, weighted by their number of samples, shape (...)."""
    return classification.weighted_f1(_correct(table), table.sum(-1), table[..., :-1].sum(-2))


#: The measures by the names they have in the published results; WAR is accuracy in the literature of dynamic faces.
METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "WAR": accuracy,
    "UAR": uar,
    "weighted F1": weighted_f1,
}


def chance(table: np.ndarray) -> np.ndarray:
    """Return the table expected when every class of the list is answered equally often, shape (C, C + 1), floats."""
    classes = table.shape[-2]
    shares = np.append(np.full(classes, 1 / classes), 0.0)
    return table.sum(-1)[:, None] * shares


def majority(table: np.ndarray) -> np.ndarray:
    """Return the table of answering the most frequent class always, shape (C, C + 1)."""
    always = np.zeros_like(table)
    always[:, table.sum(-1).argmax()] = table.sum(-1)
    return always


def entropy(shares: np.ndarray) -> np.ndarray:
    """Return the entropy in bits of distributions over the last axis; they need not sum to 1."""
    shares = shares / shares.sum(-1, keepdims=True)
    return -np.sum(shares * np.log2(shares, out=np.zeros(shares.shape), where=shares > 0), axis=-1)


def _correct(table: np.ndarray) -> np.ndarray:
    return np.diagonal(table, axis1=-2, axis2=-1)
