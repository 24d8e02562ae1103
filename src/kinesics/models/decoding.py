"""Decode the outputs of networks: windows, soft-NMS, calibration of scores."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from kinesics.metrics.matching import match_ranked, sorted_events
from kinesics.models.sequences import SLOT, PersonSequence, pad_cut

CORE = 512  # frames whose outputs are taken from a window
#: Candidates below this score are dropped: they no longer change the precision at any recall that counts.
FLOOR = 0.01


def run_in_windows(
    run: Callable[..., tuple], sequence: PersonSequence, reach: int, core: int = CORE
) -> Iterator[tuple[int, tuple]]:
    """Yield (start, outputs) of ``run`` on consecutive windows of ``core`` frames with a margin of ``reach`` on both sides.

    ``run(descriptor, tokens, observed, usual, valid)`` takes a batch of one and returns arrays (1, core + 2 reach, ...),
    which are yielded with their margins. ``reach`` and ``core`` are multiples of the coarsest stride, so that each window's
    steps are the whole video's. All windows have one shape: memory does not grow with the video.
    """
    valid = np.ones(len(sequence.descriptor), np.float32)
    usual = mean_token(sequence)
    length = core + 2 * reach
    for start in range(0, len(valid), core):
        first = start - reach
        yield (
            start,
            run(
                pad_cut(sequence.descriptor, first, length)[None],
                pad_cut(sequence.tokens, first // SLOT, length // SLOT)[None],
                pad_cut(sequence.observed, first // SLOT, length // SLOT)[None],
                usual[None],
                pad_cut(valid, first, length)[None],
            ),
        )


def mean_token(sequence: PersonSequence) -> np.ndarray:
    """Return the mean of the observed tokens of each crop type, (crops, K), 0 without any."""
    total = np.einsum("sck,sc->ck", sequence.tokens, sequence.observed)
    return (total / np.maximum(sequence.observed.sum(0), 1)[:, None]).astype(np.float32)


def soft_nms(segments: np.ndarray, scores: np.ndarray, sigma: float, floor: float = FLOOR) -> np.ndarray:
    """Return the scores of one label's segments (N, 2) after soft-NMS with a Gaussian: (N,), 0 for those below ``floor``.

    The best segment is kept and the score of every other is multiplied by exp(-tIoU^2 / sigma); then the best of the rest, and
    so on (Bodla et al. 2017, arXiv:1704.04503). Of equal scores the earlier row goes first.
    """
    segments, rest = np.asarray(segments, float).reshape(-1, 2), np.array(scores, float)
    length = segments[:, 1] - segments[:, 0]
    out = np.zeros(len(rest))
    while len(rest) and rest.max() >= floor:
        best = int(rest.argmax())
        out[best], rest[best] = rest[best], -1
        inter = np.minimum(segments[:, 1], segments[best, 1]) - np.maximum(segments[:, 0], segments[best, 0])
        inter = inter.clip(min=0)
        iou = inter / np.maximum(length + length[best] - inter, 1e-9)
        rest = np.where(rest > 0, rest * np.exp(-(iou**2) / sigma), rest)
    return out


def is_hit(truth: pd.DataFrame, events: pd.DataFrame, tiou: float = 0.5) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the events sorted and whether each, matched in the order of falling scores, has a true one: bool (N,)."""
    truth, events = sorted_events(truth), sorted_events(events)
    return events, match_ranked(truth, events, [tiou])[0] >= 0


def fit_platt(scores: np.ndarray, hits: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return slope and, for each group, offset of p = sigmoid(slope logit(score) + offset): (1 + count,).

    Platt scaling (1999) with one slope for all labels and an offset for each, drawn to the mean by a ridge: a label
    with few examples stays near the others. Without both hits and misses the result is the identity.
    """
    identity = np.concatenate([[1.0], np.zeros(count)])
    if not 0 < hits.sum() < len(hits):
        return identity
    x = np.concatenate([log_odds(scores)[:, None], np.eye(count)[groups], np.ones((len(scores), 1))], 1)
    ridge = np.array([1e-3, *[1.0] * count, 1e-3])
    start = np.concatenate([identity, [0.0]])

    def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ weights
        loss = np.logaddexp(0, z) - hits * z
        change = weights - start
        return loss.sum() + (ridge * change**2).sum() / 2, x.T @ (expit(z) - hits) + ridge * change

    weights = minimize(cost, start, jac=True, method="L-BFGS-B").x
    # A slope that is not positive would reverse the ranking.
    return np.concatenate([[max(weights[0], 0.05)], weights[1:-1] + weights[-1]])


def apply_calibration(scores: np.ndarray, groups: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Return the probabilities of scores (N,) of these groups, calibrated by the result of ``fit_platt``."""
    return expit(calibration[0] * log_odds(scores) + calibration[1:][groups])


def best_threshold(scores: np.ndarray, hits: np.ndarray, truths: int) -> float:
    """Return the score at and above which events have the best F1 against ``truths`` true events; 0.5 without any hit."""
    if not len(scores) or not hits.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    true_positives = hits[order].cumsum()
    f1 = 2 * true_positives / (np.arange(1, len(order) + 1) + truths)
    return float(scores[order][f1.argmax()])


def log_odds(p: np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)) of scores, which may be 0 or 1, as finite numbers."""
    return logit(np.clip(np.asarray(p, float), 1e-6, 1 - 1e-6))
