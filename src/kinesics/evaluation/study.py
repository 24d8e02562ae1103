"""The study on the real clips: every detector against both coders, and the coders against each other."""

from pathlib import Path

import pandas as pd

from kinesics import catalogue
from kinesics.evaluation.score import score
from kinesics.events import read_events
from kinesics.files import write_json
from kinesics.tracks import read_tracks


def real_clips(
    truth: list[str], tracks: list[str], events: dict[str, dict[int, list[str]]], settings: dict, out: str | Path
) -> None:
    """Write the scores as JSON: ``agreement``, and ``detectors`` by name.

    ``truth`` is an events file a coder, ``tracks`` a tracks file a clip, ``events`` the events files of each detector and
    seed. A detector has two results: ``all``, judged on every label that a coder used, and ``own``, judged on those of
    them that it speaks about. ``settings`` are resamples, block_s and seed of ``score``.
    """
    coders = [read_events(path) for path in truth]
    clips = [read_tracks(path) for path in tracks]
    durations = {clip.video: clip.duration_s for clip in clips}
    coders = [coder[coder["video"].isin(durations)] for coder in coders]
    rate_hz = clips[0].rate_hz
    settings = dict(settings, durations=durations, rate_hz=rate_hz)
    agreement = score(coders[0], coders[1], **settings)
    labels = agreement["labels"]
    detectors = {}
    for name, seeds in events.items():
        found = [
            pd.concat([read_events(path) for path in paths], ignore_index=True) for _, paths in sorted(seeds.items())
        ]
        own = [label for label in labels if label in catalogue.detector(name).LABELS]
        detectors[name] = {
            "all": score(coders, found, labels=labels, **settings),
            "own": score(coders, found, labels=own, **settings),
        }
    write_json(out, {"agreement": agreement, "detectors": detectors, "durations_s": durations})
