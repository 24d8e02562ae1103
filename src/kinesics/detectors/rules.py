"""Rules on facial actions, head angles, hands and voice, without training.

``signals.rule_table`` has the thresholds and their reasons.
"""

from pathlib import Path

import numpy as np

from kinesics.detectors.base import EventsAndTubes, FixedDetector
from kinesics.signals.coefficients import recording_columns, recording_signals
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording
from kinesics.signals.rule_table import QUIET_LEVELS, RULES

LABELS = tuple(rule.label for rule in RULES)


def detect(recording: Recording, model: Path | None = None, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes. ``model`` and ``seed`` are not used.

    The score is half of the mean of the column in units of its threshold, at most 1.
    """
    tracks = recording.tracks
    found = []
    for person, columns in recording_columns(recording_signals(recording), QUIET_LEVELS, tracks.rate_hz).items():
        for rule in RULES:
            level = rule.smoothed(columns[rule.column], tracks.rate_hz) / rule.on / 2
            for start, stop in rule.segments(columns[rule.column], tracks.rate_hz):
                found.append((person, rule.label, start, stop, float(np.clip(level[start:stop], 0, 1).mean())))
    return assemble_events(tracks, found)


DETECTOR = FixedDetector("rules", LABELS, detect)
