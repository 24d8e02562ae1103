"""Chance: events drawn at the labels' base rate in the other clips, with lengths drawn from theirs.

It knows how often and how long, not when: what it scores is what a blind detector scores.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.base import LearnedDetector
from kinesics.io.checkpoints import read_checkpoint
from kinesics.signals.event_assembly import assemble_events
from kinesics.signals.recording import Recording
from kinesics.structures.vocabulary import LABELS as VOCABULARY
from kinesics.structures.vocabulary import in_order

LABELS = tuple(VOCABULARY.index)


def fit(
    clips: list[Recording], truth: list[pd.DataFrame], seed: int, validation: list[Recording] = ()
) -> dict[str, np.ndarray]:
    """Return the lengths (seconds) of each label's events and its rate (events a second), the coders' mean.

    ``validation`` is not used.
    """
    total = sum(clip.tracks.duration_s for clip in clips) * len(truth)
    videos = {clip.tracks.video for clip in clips}
    events = pd.concat([coder[coder["video"].isin(videos)] for coder in truth], ignore_index=True)
    model = {}
    for label, rows in events.groupby("label"):
        model[f"{label}.lengths_s"] = np.sort((rows["end_s"] - rows["start_s"]).to_numpy())
        model[f"{label}.rate"] = np.array([len(rows) / total])
    return model


def detect(clip: Recording, model: Path | None, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return events and tubes: a Poisson number of events a label for the clip's main person, at uniform times."""
    learned, tracks = read_checkpoint(model, "chance"), clip.tracks
    random = np.random.default_rng([seed, *tracks.video.encode()])
    found = []
    for label in in_order(name.removesuffix(".rate") for name in learned if name.endswith(".rate")):
        lengths, rate = learned[f"{label}.lengths_s"], learned[f"{label}.rate"][0]
        for _ in range(random.poisson(rate * tracks.duration_s)):
            length = min(random.choice(lengths), tracks.duration_s)
            start = random.uniform(0, tracks.duration_s - length)
            first = int(start * tracks.rate_hz)
            count = max(round(length * tracks.rate_hz), 1)
            if tracks.persons and first < tracks.frames:
                found.append((tracks.persons[0], label, first, min(first + count, tracks.frames), random.uniform()))
    return assemble_events(tracks, found)


DETECTOR = LearnedDetector("chance", LABELS, detect, fit)
