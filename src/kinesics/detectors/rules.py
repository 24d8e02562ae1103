"""Rules on what the cheap models see: no training; the thresholds and their reasons stand in ``kinesics.signals.cues``.

An event enters where a label's signal reaches 1 and leaves where it falls below LEAVE (hysteresis).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.base import FixedDetector
from kinesics.signals.cues import LABELS, person_cues
from kinesics.signals.event_assembly import events_from_scores
from kinesics.signals.recording import Recording

# The level, relative to the one that enters, at which an event ends.
LEAVE = 0.6


def detect(clip: Recording, model: Path | None = None, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes. ``model`` and ``seed`` are not used."""
    # Half of the threshold's double: 0.5 enters, and the score stays in [0, 1].
    scores = {
        (person, label): np.clip(signal / 2, 0, 1)
        for person in clip.tracks.persons
        for label, signal in person_cues(clip.tracks, person, clip.features["fer"]).items()
    }
    return events_from_scores(clip, scores, 0.5, 0.5 * LEAVE)


DETECTOR = FixedDetector("rules", LABELS, detect)
