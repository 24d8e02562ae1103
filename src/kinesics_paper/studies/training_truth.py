"""Rewrite truth with the tracker's person ids, for training."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kinesics.metrics.identity import boxes_of_rows, boxes_of_tracks, match_persons, remap_persons
from kinesics.structures.events import read_events_csv, write_events_csv
from kinesics.structures.tracks import read_tracks


def write_training_truth(
    truth: Sequence[Path], frames: Sequence[Path], tracks: Sequence[Path], out: str | Path
) -> None:
    """Write the true events of some videos with the numbers that the tracker gave their persons: what detectors learn from.

    ``truth`` are events files, ``frames`` the true boxes of everybody (``boxes_of_rows``), ``tracks`` tracks files, a video
    each and in the same order. Whom the tracker did not find gets a number that no track has.
    """
    tables = []
    for events, boxes, path in zip(truth, frames, tracks, strict=True):
        found = read_tracks(path)
        assigned = match_persons(boxes_of_rows(pd.read_parquet(boxes)), boxes_of_tracks(found), found.rate_hz)
        numbers = {true: person for person, true in assigned.items()}
        tables.append(remap_persons(read_events_csv(events), numbers, max(found.persons, default=-1) + 1))
    write_events_csv(pd.concat(tables, ignore_index=True), out)
