"""Search the thresholds of ``rules`` on annotated people, in sample and with each person left out in turn."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from kinesics.metrics.matching import MAP_TIOUS, match_events
from kinesics.signals.coefficients import Signals
from kinesics.signals.rule_table import GRID, Rule
from kinesics.structures.timegrid import seconds

LEAVES, WIDTHS_S, SHORTEST_S = (0.6, 0.8), (0.3, 0.9, 1.5), (0.4, 0.7)
# An event that is detected pays for itself where it is right this often: about half of the F1 that is reached.
PRICE = 0.5
_TIOU = MAP_TIOUS.index(0.5)


def candidates(label: str) -> list[Rule]:
    """Return the rules of a label that are searched."""
    column, grid = GRID[label]
    return [
        Rule(label, column, on, leave, width_s, shortest_s)
        for width_s in WIDTHS_S
        for on in grid
        for leave in LEAVES
        for shortest_s in SHORTEST_S
    ]


def count(
    rule: Rule, streams: Mapping[tuple[str, int], Signals], truth: list[pd.DataFrame], rate_hz: float
) -> np.ndarray:
    """Return hits at each of ``MAP_TIOUS``, and events detected and true, by stream and pass: (streams, passes, 7).

    ``streams`` maps (video, person) to its columns.
    """
    out = np.zeros((len(streams), len(truth), len(MAP_TIOUS) + 2))
    row_of = {key: row for row, key in enumerate(streams)}
    found = [seconds(rule.segments(columns[rule.column], rate_hz), rate_hz) for columns in streams.values()]
    numbers = [len(one) for one in found]
    predicted = pd.DataFrame(np.concatenate(found), columns=["start_s", "end_s"])
    predicted["video"] = np.repeat(np.array([video for video, _ in streams], object), numbers)
    predicted["person"] = np.repeat([person for _, person in streams], numbers)
    predicted["label"] = rule.label
    out[:, :, -2] = np.array(numbers)[:, None]
    for k, table in enumerate(truth):
        true = table[table["label"] == rule.label].reset_index(drop=True)
        rows = np.array([row_of.get(key, -1) for key in zip(true["video"], true["person"], strict=True)], int)
        np.add.at(out[:, k, -1], rows[rows >= 0], 1)
        if true.empty or predicted.empty:
            continue
        for t, tiou in enumerate(MAP_TIOUS):
            hit = (match_events(true, predicted, tiou) >= 0) & (rows >= 0)
            np.add.at(out[:, k, t], rows[hit], 1)
    return out


def best_rule(counts: np.ndarray) -> int | None:
    """Return the rule that gains most, by ``counts`` (rules, streams, passes, 7), or None if each costs more than it gains.

    The gain is twice the hits, half at a tIoU of 0.5 and half the mean over all, less the price of what is detected: the rule
    of largest micro F1 over labels, where ``PRICE`` is that F1 (Dinkelbach 1967, Management Science 13).
    """
    total = counts.sum(1).mean(1)
    hits = (total[:, _TIOU] + total[:, : len(MAP_TIOUS)].mean(1)) / 2
    gain = 2 * hits - PRICE * total[:, -2]
    return int(gain.argmax()) if gain.max() > 0 else None


def search(
    streams: Mapping[tuple[str, int], Signals],
    truth: list[pd.DataFrame],
    groups: Mapping[tuple[str, int], str],
    rate_hz: float,
) -> dict[str, object]:
    """Return the rules of best F1 on all people, and the counts of the rules chosen without each person.

    ``groups`` names who (video, person) is. ``left_out`` and ``in_sample`` have the counts, (streams, passes, 7) as ``count``
    returns them, by label.
    """
    who = np.array([groups[key] for key in streams])
    chosen: dict[str, Rule | None] = {}
    left_out, in_sample = {}, {}
    for label in GRID:
        rules = candidates(label)
        counts = np.stack([count(rule, streams, truth, rate_hz) for rule in rules])
        nothing = counts[0] * ([0] * (len(MAP_TIOUS) + 1) + [1])
        best = best_rule(counts)
        chosen[label] = None if best is None else replace(rules[best])
        in_sample[label] = nothing if best is None else counts[best]
        left_out[label] = nothing.copy()
        for person in sorted(set(who)):
            choice = best_rule(counts[:, who != person])
            if choice is not None:
                left_out[label][who == person] = counts[choice][who == person]
    return {"rules": chosen, "left_out": left_out, "in_sample": in_sample}


def micro_f1(counts: Mapping[str, np.ndarray], tiou: float = 0.5) -> float:
    """Return F1 over all labels, streams and events, the mean of the annotation passes."""
    total = np.sum([part.sum(0) for part in counts.values()], 0)
    return float(np.mean(2 * total[:, MAP_TIOUS.index(tiou)] / np.maximum(total[:, -2] + total[:, -1], 1)))
