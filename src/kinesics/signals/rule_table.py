"""The rules: for each label one column of ``signals.coefficients``, when it is on, and why.

``rule_table.csv`` has a row a label: the column; ``grid``, the thresholds that were searched; ``on``, the one with the best F1
over the annotated people; ``leave``, the share of it below which an event ends; ``width_s``, the time over which the column
is averaged; ``shortest_s``, the shortest event; the reason for the column. ``studies.rule_thresholds`` of the article's
package searched them. A label without ``on`` is not detected: its thresholds did not carry over to people left out.
"""

import csv
from dataclasses import dataclass

import numpy as np

from kinesics.io.package_data import package_file
from kinesics.signals.event_assembly import GAP_S, SPEECH_GAP_S
from kinesics.structures.timegrid import hysteresis, smooth

#: Logarithms of the quiet levels (``coefficients.quiet_levels``) of the annotated people.
QUIET_LEVELS = {
    "mouth": -1.558,
    "mouth_mouthPucker": -1.351,
    "mouth_mouthPress": -1.928,
    "place_range": -2.592,
    "turn": 1.034,
    "tilt": 1.295,
}


@dataclass(frozen=True)
class Rule:
    """When a label is on: ``column`` averaged over ``width_s`` reaches ``on`` and stays above ``leave`` times it."""

    label: str
    column: str
    on: float
    leave: float
    width_s: float
    shortest_s: float

    def segments(self, values: np.ndarray, rate_hz: float) -> np.ndarray:
        """Return the [start, stop) frames of the events in a column (frames,): int (N, 2)."""
        gap_s = SPEECH_GAP_S if self.label == "speaking" else GAP_S
        frames = [round(seconds * rate_hz) for seconds in (self.shortest_s, gap_s)]
        return hysteresis(self.smoothed(values, rate_hz), self.on, self.on * self.leave, *frames)

    def smoothed(self, values: np.ndarray, rate_hz: float) -> np.ndarray:
        """Return a column (frames,) averaged over the rule's width."""
        return smooth(values, max(round(self.width_s * rate_hz), 1))


def _rows() -> list[dict[str, str]]:
    with package_file("kinesics.signals", "rule_table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


#: The rules of the labels that are detected.
RULES = [
    Rule(r["label"], r["column"], *(float(r[name]) for name in ("on", "leave", "width_s", "shortest_s")))
    for r in _rows()
    if r["on"]
]
#: Column and thresholds to be searched, by label.
GRID = {r["label"]: (r["column"], [float(x) for x in r["grid"].split()]) for r in _rows()}
