"""SHREC 2022, online detection of heterogeneous gestures: the truth of the 144 test sequences, and eight runs.

The files are read by ``kinesics_paper.studies.shrec2022``, which names their flaws. The hands' skeletons are not here.

Times: the truth counts frames of a HoloLens 2, whose rate is "lower and not perfectly regular" (the track's page); its
time stamps stand in the sequences, which are not here. Seconds are frames at a nominal ``RATE_HZ``: overlaps in time are
right, durations and delays in seconds are not. So the duration of a stream is not known, nor who performed it.
"""

from pathlib import Path

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets import parsing_tables

TRUTH = "test_annotations_fixed.txt"


RUNS = ("2ST-GCN 1F", "2ST-GCN 5F", "Causal TCN", "Stronger", "Stronger+EN", "TN-FSM", "TN-FSM+JD", "TN-FSM+JD+SC")


CLASSES = (
    *("ONE", "TWO", "THREE", "FOUR", "OK", "MENU", "LEFT", "RIGHT"),
    *("CIRCLE", "V", "CROSS", "GRAB", "PINCH", "DENY", "WAVE", "KNOB"),
)


def read_sequences(path: str | Path, decisions: bool) -> dict[str, list[tuple]]:
    """Read ``sequence;LABEL;start;end;...`` lines, or ``LABEL;start;end;decision`` groups if ``decisions``.

    Returns the events of each sequence, (label, start, end) or (label, start, end, decision), in frames.
    Raises KinesicsError naming the file, the line and the value.
    """
    size = 4 if decisions else 3
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise KinesicsError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise KinesicsError(f"{path}: not a text file in UTF-8: {error}") from None
    sequences: dict[str, list[tuple]] = {}
    for number, line in enumerate(lines, 1):
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


LABELS = tuple(label.lower() for label in CLASSES)
RATE_HZ = 20.0  # nominal


def streams(folder: str | Path) -> pd.DataFrame:
    """Return video (the number of the sequence), subject (not known) and duration (NaN: not known)."""
    return parsing_tables.stream_table([(video, None, float("nan")) for video in _truth(folder)])


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
    return parsing_tables.event_table(rows, where)
