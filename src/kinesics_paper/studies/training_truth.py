"""Rewrite the truth with the tracker's person ids, for training."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kinesics.metrics.identity import boxes_of_rows, boxes_of_tracks, match_persons, remap_persons
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.structures.tracks import read_tracks


def write_training_truth(
    truth: Sequence[Path], frames: Sequence[Path], tracks: Sequence[Path], out: str | Path
) -> None:
    """Write the true events of some videos with the tracker's person ids, as training annotations.

    ``truth`` are events files, ``frames`` the true boxes of all persons (``boxes_of_rows``), ``tracks`` tracks files, one
    per video and in the same order. A person without a track gets an id that no track has.
    """
    tables = []
    for events, boxes, path in zip(truth, frames, tracks, strict=True):
        tracked = read_tracks(path)
        person_of = match_persons(boxes_of_rows(pd.read_parquet(boxes)), boxes_of_tracks(tracked), tracked.rate_hz)
        track_of = {person: track for track, person in person_of.items()}
        tables.append(remap_persons(read_events_csv(events), track_of, max(tracked.persons, default=-1) + 1))
    write_events_csv(pd.concat(tables, ignore_index=True), out)
