"""Rules on landmarks and expressions, without training; ``signals.cues`` has the thresholds and their reasons.

An event begins where a label's cue reaches 1 and ends where it falls below LEAVE (hysteresis).
"""

from pathlib import Path

import numpy as np

from kinesics.detectors.base import EventsAndTubes, FixedDetector
from kinesics.signals.cues import LABELS, person_cues
from kinesics.signals.event_assembly import events_from_scores
from kinesics.signals.recording import Recording

# The level, relative to the one at which an event begins, at which it ends.
LEAVE = 0.6


def detect(recording: Recording, model: Path | None = None, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes. ``model`` and ``seed`` are not used."""
    # The score is half of the cue, at most 1: an event begins at 0.5.
    scores = {
        (person, label): np.clip(cue / 2, 0, 1)
        for person in recording.tracks.persons
        for label, cue in person_cues(recording.tracks, person, recording.features["fer"]).items()
    }
    return events_from_scores(recording, scores, 0.5, 0.5 * LEAVE)


DETECTOR = FixedDetector("rules", LABELS, detect)
