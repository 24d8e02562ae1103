"""Turn scores of frames into events with thresholds that are searched on training people, the same trials for every detector.

A setting is a ``Rule``: a threshold to enter, the share of it below which an event ends, a smoothing width and a shortest
length. ``rule_thresholds`` has the grid of the last three and the criterion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kinesics.metrics.matching import MAP_TIOUS
from kinesics.models.decoding import soft_nms
from kinesics.signals.rule_table import Rule
from kinesics.structures.timegrid import hysteresis, seconds
from kinesics_paper.studies.people_data import Key
from kinesics_paper.studies.rule_thresholds import LEAVES, SHORTEST_S, WIDTHS_S, best_rule

#: A score a frame by tracked person: (frames,) each.
Scores = Mapping[Key, np.ndarray]
#: Annotated segments in seconds by tracked person, (N, 2), one mapping per pass.
Segments = Sequence[Mapping[Key, np.ndarray]]

#: Thresholds of probabilities.
PROBABILITIES = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75)
#: Shares of the threshold at which candidates are cut for the ranking, and the width of soft-NMS.
CUTS = (0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5)
SIGMA = 0.4
# Frames between people on the common axis: more than any gap that is closed.
_APART = 50
_FAR_BELOW = -1e6


def settings(label: str, thresholds: Sequence[float]) -> list[Rule]:
    """Return the settings that are tried for a label."""
    return [
        Rule(label, "", on, leave, width_s, shortest_s)
        for width_s in WIDTHS_S
        for on in thresholds
        for leave in LEAVES
        for shortest_s in SHORTEST_S
    ]


@dataclass(frozen=True)
class _Axis:
    """All people one after the other: the first frame of each, and the annotated segments in seconds, per pass."""

    first: Mapping[Key, int]
    frames: int
    truth: Sequence[np.ndarray]


def choose(rules: Sequence[Rule], scores: Scores, truth: Segments, rate_hz: float) -> Rule | None:
    """Return the setting that gains most on these people (``rule_thresholds.best_rule``), None if each loses."""
    axis = _axis(scores, truth, rate_hz)
    counts, widths = np.zeros((len(rules), 1, len(truth), len(MAP_TIOUS) + 2)), {}
    for k, rule in enumerate(rules):
        if rule.width_s not in widths:
            line = np.full(axis.frames, _FAR_BELOW)
            for key, values in scores.items():
                line[axis.first[key] : axis.first[key] + len(values)] = rule.smoothed(values, rate_hz)
            widths[rule.width_s] = line
        found = seconds(_segments(rule, widths[rule.width_s], rate_hz), rate_hz)
        for part, true in enumerate(axis.truth):
            counts[k, 0, part] = [*_hits(found, true), len(found), len(true)]
    best = best_rule(counts)
    return None if best is None else rules[best]


def _axis(scores: Scores, truth: Segments, rate_hz: float) -> _Axis:
    first, frames = {}, 0
    for key, values in scores.items():
        first[key] = frames
        frames += len(values) + _APART
    moved = [
        np.concatenate(
            [np.zeros((0, 2)), *(of_pass[key] + seconds(first[key], rate_hz) for key in scores if key in of_pass)]
        )
        for of_pass in truth
    ]
    return _Axis(first, frames, moved)


def _segments(rule: Rule, smoothed: np.ndarray, rate_hz: float) -> np.ndarray:
    return Rule(rule.label, "", rule.on, rule.leave, 0.0, rule.shortest_s).segments(smoothed, rate_hz)


def _hits(found: np.ndarray, true: np.ndarray) -> list[int]:
    """Return how many of the segments (N, 2) and (M, 2) match, at each of ``MAP_TIOUS``.

    From a tIoU of one half on a segment has one match at most; below, the fewer of the matched ones of either side are
    counted, which is at most the largest number of pairs or one more in rare crossings.
    """
    if not len(found) or not len(true):
        return [0] * len(MAP_TIOUS)
    shared = (np.minimum(found[:, None, 1], true[:, 1]) - np.maximum(found[:, None, 0], true[:, 0])).clip(0)
    tiou = shared / (np.diff(found) + np.diff(true)[:, 0] - shared)
    return [min((tiou >= t).any(0).sum(), (tiou >= t).any(1).sum()) for t in MAP_TIOUS]


#: An event in frames: person, label, start, stop, score.
Found = tuple[Key, str, int, int, float]


def decide(rule: Rule, scores: Scores, rate_hz: float) -> list[Found]:
    """Return the events of the setting; the score is the mean inside, in units of the threshold."""
    found = []
    for key, values in scores.items():
        smoothed = rule.smoothed(values, rate_hz)
        for start, stop in rule.segments(values, rate_hz):
            found.append((key, rule.label, int(start), int(stop), float(smoothed[start:stop].mean() / rule.on)))
    return found


def rank(rule: Rule, scores: Scores, rate_hz: float) -> list[Found]:
    """Return candidates cut at several levels, with scores after soft-NMS, for measures of the ranking."""
    found = []
    for key, values in scores.items():
        smoothed = rule.smoothed(values, rate_hz)
        cut = {
            (int(start), int(stop))
            for share in CUTS
            for start, stop in hysteresis(smoothed, share * rule.on, share * rule.on * rule.leave, 3, 5)
        }
        segments = np.array(sorted(cut), float).reshape(-1, 2)
        raw = np.array([smoothed[int(a) : int(b)].mean() / rule.on for a, b in segments])
        for (start, stop), score in zip(segments, soft_nms(segments, raw, SIGMA), strict=True):
            if score > 0:
                found.append((key, rule.label, int(start), int(stop), float(score)))
    return found
