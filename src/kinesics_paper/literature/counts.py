"""Measures of classification from tables of counts, and their bootstrap intervals.

A table of counts has shape (..., C, C + 1): rows are the true classes, columns the answers, and the last column holds
the answers outside the list of classes. Drawing samples with replacement draws such a table from a multinomial
distribution (bootstrap: Efron, Annals of Statistics 7, 1979), so that thousands of resamples cost milliseconds.
"""

from collections.abc import Sequence

import numpy as np

from kinesics.metrics import classification
from kinesics.metrics.matching import ratio

RESAMPLES = 2000


def count(truth: Sequence[str], answer: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Return the table of counts (C, C + 1) of two sequences of one length; every truth is one of ``classes``."""
    number = {name: i for i, name in enumerate(classes)}
    table = np.zeros((len(classes), len(classes) + 1), int)
    rows = [number[name] for name in truth]
    np.add.at(table, (rows, [number.get(name, len(classes)) for name in answer]), 1)
    return table


def resamples(table: np.ndarray, draws: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return ``draws`` tables of resampled samples, shape (draws, *table.shape)."""
    n = int(table.sum())
    flat = np.random.default_rng(seed).multinomial(n, table.ravel() / n, size=draws)
    return flat.reshape(draws, *table.shape)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile over the first axis."""
    low, high = np.nanpercentile(values, [2.5, 97.5], axis=0)
    return float(low), float(high)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Return the share of correct answers (WAR, weighted average recall), 0-1, shape (...)."""
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
METRICS = {"accuracy": accuracy, "WAR": accuracy, "UAR": uar, "weighted F1": weighted_f1}


def chance(table: np.ndarray) -> np.ndarray:
    """Return the table expected when every class of the list is answered equally often, shape (C, C + 1), floats."""
    classes = table.shape[-2]
    guess = np.append(np.full(classes, 1 / classes), 0.0)
    return table.sum(-1)[:, None] * guess


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
