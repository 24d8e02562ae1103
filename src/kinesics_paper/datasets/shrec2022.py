"""SHREC 2022, online detection of heterogeneous gestures: the truth of the 144 test sequences, and eight runs.

The files are read by ``kinesics.review.shrec2022``, which names their flaws. The hands' skeletons are not here.

Times: the truth counts frames of a HoloLens 2, whose rate is "lower and not perfectly regular" (the track's page); its
time stamps stand in the sequences, which are not here. Seconds are frames at a nominal ``RATE_HZ``: overlaps in time are
right, durations and delays in seconds are not. So the duration of a stream is not known, nor who performed it.
"""

from pathlib import Path

import pandas as pd

from kinesics import KinesicsError
from kinesics.adapters import frames
from kinesics.review.shrec2022 import CLASSES, RUNS, TRUTH, read_sequences
from kinesics.segments import seconds

LABELS = tuple(label.lower() for label in CLASSES)
RATE_HZ = 20.0  # nominal


def streams(folder: str | Path) -> pd.DataFrame:
    """Return video (the number of the sequence), subject (not known) and duration (NaN: not known)."""
    return frames.stream_table([(video, None, float("nan")) for video in _truth(folder)])


def events(folder: str | Path) -> pd.DataFrame:
    """Return the true gestures as events."""
    return _table(_truth(folder), Path(folder))


def detections(folder: str | Path, run: str) -> pd.DataFrame:
    """Return the detections of a submitted run as events of score 1; a run gives no scores.

    Raises KinesicsError naming the choices if there is no such run.
    """
    if run not in RUNS:
        raise KinesicsError(f"{run!r} is not a run. The runs are {', '.join(RUNS)}.")
    path = Path(folder) / "participants_results" / f"{run}.txt"
    return _table(read_sequences(path, decisions=True), path)


def splits(folder: str | Path) -> dict[str, tuple[list[str], list[str]]]:
    """The track's test set; the sequences for training are not here."""
    return {"track": ([], list(_truth(folder)))}


def _truth(folder: str | Path) -> dict[str, list[tuple]]:
    sequences = read_sequences(Path(folder) / TRUTH, decisions=False)
    if not sequences:
        raise KinesicsError(f"{Path(folder) / TRUTH}: no rows; fetch the data set again")
    return sequences


def _table(sequences: dict[str, list[tuple]], where: Path) -> pd.DataFrame:
    """Return the events table; the last frame of a gesture counts to it."""
    rows = [
        (video, label.lower(), seconds(start, RATE_HZ), seconds(end + 1, RATE_HZ))
        for video, gestures in sequences.items()
        for label, start, end, *_ in gestures
    ]
    return frames.event_table(rows, where)
