"""Read micro-gestures: one folder per video, with a file of lines ``class,first frame,last frame``."""

from collections.abc import Iterable
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets.base import AnnotatedDataset
from kinesics_paper.datasets.parsing import Videos, make_dataset, parse_number, read_lines


def read_folders(
    folder: Path, files: Iterable[tuple[str, Path, str, str]], fold: str, labels: tuple[str, ...], *, first_frame: int
) -> AnnotatedDataset:
    """Return the data set of (part, file of segments, path of the video, subject) with the one fold ``fold``.

    ``first_frame`` is the number of the first frame of a video; the last frame of a segment counts to its gesture.

    Raises KinesicsError naming the file and the line of a class or frame that is none, and the folder if it has no file.
    """
    videos, events, split = Videos(folder), [], {"train": [], "test": []}
    for part, file, path, subject in files:
        name = videos.add(str(file), path, name=subject, subject=subject)
        split[part].append(name)
        rate_hz = videos.frame_rate_hz(name)
        for where, fields in read_lines(file, 3):
            kind, first, last = (int(parse_number(where, field, "class or frame")) for field in fields)
            label = f"mg_{kind:02}"
            if label not in labels:
                raise KinesicsError(f"{where}: class {kind} is unknown; known are {labels[0]} to {labels[-1]}")
            if not first_frame <= first <= last:
                raise KinesicsError(f"{where}: frames {first} to {last} are not a segment from frame {first_frame} on")
            events.append((name, label, *(seconds(k - first_frame, rate_hz) for k in (first, last + 1))))
    if not split["test"]:
        raise KinesicsError(f"{folder}: no file of segments of the test set")
    return make_dataset(videos, events, {fold: (split["train"], split["test"])}, "gesture", folder)
