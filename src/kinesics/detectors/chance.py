"""Chance: events drawn at the labels' base rate in the training recordings, with lengths drawn from theirs.

Their number and lengths are right and their times are random: its scores are those of a detector that ignores the video.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.base import Arrays, EventsAndTubes, LearnedDetector
from kinesics.io.checkpoints import read_checkpoint
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording
from kinesics.structures.vocabulary import LABELS as VOCABULARY
from kinesics.structures.vocabulary import in_order

LABELS = tuple(VOCABULARY.index)


def fit(
    recordings: list[Recording], truth: list[pd.DataFrame], seed: int, validation: Sequence[Recording] = ()
) -> Arrays:
    """Return the lengths (seconds) of each label's events and its rate (events per second), the annotators' mean.

    ``validation`` is not used.
    """
    total = sum(recording.tracks.duration_s for recording in recordings) * len(truth)
    videos = {recording.tracks.video for recording in recordings}
    events = pd.concat([table[table["video"].isin(videos)] for table in truth], ignore_index=True)
    checkpoint = {}
    for label, rows in events.groupby("label"):
        checkpoint[f"{label}.lengths_s"] = np.sort((rows["end_s"] - rows["start_s"]).to_numpy())
        checkpoint[f"{label}.rate"] = np.array([len(rows) / total])
    return checkpoint


def detect(recording: Recording, model: Path | None, seed: int = 0) -> EventsAndTubes:
    """Return events and tubes: a Poisson number of events per label for the main person, at uniform times."""
    checkpoint, tracks = read_checkpoint(model, "chance"), recording.tracks
    random = np.random.default_rng([seed, *tracks.video.encode()])
    segments = []
    for label in in_order(name.removesuffix(".rate") for name in checkpoint if name.endswith(".rate")):
        lengths, rate = checkpoint[f"{label}.lengths_s"], checkpoint[f"{label}.rate"][0]
        for _ in range(random.poisson(rate * tracks.duration_s)):
            length = min(random.choice(lengths), tracks.duration_s)
            start = random.uniform(0, tracks.duration_s - length)
            first = int(start * tracks.rate_hz)
            count = max(round(length * tracks.rate_hz), 1)
            if tracks.persons and first < tracks.frames:
                segments.append((tracks.persons[0], label, first, min(first + count, tracks.frames), random.uniform()))
    return assemble_events(tracks, segments)


DETECTOR = LearnedDetector("chance", LABELS, detect, fit)
