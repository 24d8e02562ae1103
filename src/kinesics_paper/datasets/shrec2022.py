"""SHREC 2022, online detection of heterogeneous gestures: the truth of the 144 test sequences, and eight runs.

The files are read by ``kinesics_paper.studies.shrec2022``, which names their flaws. The hands' skeletons are not here.

Times: the truth counts frames of a HoloLens 2, whose rate is "lower and not perfectly regular" (the track's page); its
time stamps stand in the sequences, which are not here. Seconds are frames at a nominal ``RATE_HZ``: overlaps in time are
right, durations and delays in seconds are not. So the duration of a stream is not known, nor its subject.
"""

from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets.base import Splits, TimedDataset
from kinesics_paper.datasets.parsing import event_table, read_text, stream_table

TRUTH = "test_annotations_fixed.txt"
RUNS = ("2ST-GCN 1F", "2ST-GCN 5F", "Causal TCN", "Stronger", "Stronger+EN", "TN-FSM", "TN-FSM+JD", "TN-FSM+JD+SC")
CLASSES = (
    *("ONE", "TWO", "THREE", "FOUR", "OK", "MENU", "LEFT", "RIGHT"),
    *("CIRCLE", "V", "CROSS", "GRAB", "PINCH", "DENY", "WAVE", "KNOB"),
)
LABELS = tuple(label.lower() for label in CLASSES)
RATE_HZ = 20.0  # nominal


def read_sequences(path: str | Path, decisions: bool) -> dict[str, list[tuple]]:
    """Read ``sequence;LABEL;start;end;...`` lines, or ``LABEL;start;end;decision`` groups if ``decisions``.

    Returns the events of each sequence, (label, start, end) or (label, start, end, decision), in frames.
    Raises KinesicsError naming the file, the line and the value.
    """
    size = 4 if decisions else 3
    sequences: dict[str, list[tuple]] = {}
    for number, line in enumerate(read_text(Path(path)).splitlines(), 1):
        where = f"{path}: line {number}"
        sequence, *cells = line.strip().removesuffix(";").split(";")
        if not sequence.isdecimal():
            raise KinesicsError(f"{where}: {sequence!r} is not the number of a sequence")
        if sequence in sequences:
            raise KinesicsError(f"{where}: sequence {sequence} stands there twice")
        if len(cells) % size:
            raise KinesicsError(f"{where}: {len(cells)} fields after the sequence; a multiple of {size} is wanted")
        events = []
        for label, *frames in (cells[i : i + size] for i in range(0, len(cells), size)):
            if label not in CLASSES:
                raise KinesicsError(f"{where}: label {label!r} is unknown; known are {', '.join(CLASSES)}")
            if not all(frame.isdecimal() for frame in frames):
                raise KinesicsError(f"{where}: {label} has frames {frames}; whole numbers are wanted")
            start, end, *rest = map(int, frames)
            if end <= start:
                raise KinesicsError(f"{where}: {label} ends at frame {end}, not after its start {start}")
            events.append((label, start, end, *rest))
        sequences[sequence] = events
    return sequences


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video (the number of the sequence), subject (not known) and duration (NaN: not known)."""
    return stream_table([(video, None, float("nan")) for video in _truth(folder)])


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the true gestures as events."""
    return _table(_truth(folder), Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Return the track's test set as one fold; the sequences for training are not here."""
    return {"track": ([], list(_truth(folder)))}


def _truth(folder: str | Path) -> dict[str, list[tuple]]:
    sequences = read_sequences(Path(folder) / TRUTH, decisions=False)
    if not sequences:
        raise KinesicsError(f"{Path(folder) / TRUTH}: no rows; fetch or unpack the data set again")
    return sequences


def _table(sequences: dict[str, list[tuple]], where: Path) -> pd.DataFrame:
    """Return the events table; the last frame of a gesture counts to it."""
    rows = [
        (video, label.lower(), seconds(start, RATE_HZ), seconds(end + 1, RATE_HZ))
        for video, gestures in sequences.items()
        for label, start, end, *_ in gestures
    ]
    return event_table(rows, where)


OPEN = TimedDataset(labels=LABELS, read_streams=read_streams, read_events=read_events, read_splits=read_splits)
