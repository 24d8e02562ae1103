"""ChaLearn ConGD: continuous gestures of 249 classes by 21 people (Wan et al., CVPR Workshops 2016).

Layout: ``ConGD_labels/{train,valid,test}.txt``, one line per video such as ``001/00001 1,75:80 76,118:11`` (first and last
frame, class), frames counted from 1, and ``ConGD_phase_1/{train,valid}/001/00001.M.avi`` (colour; .K.avi is depth), as public
code reads them. Not verified: the test set, which is taken from ``ConGD_phase_2/test/`` if its labels are there. The rate of
the frames is that of the video.
"""

import re
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, make_dataset, read_lines

CLASSES = 249
LABELS = tuple(f"gesture_{number:03}" for number in range(1, CLASSES + 1))
PARTS = {"train": "ConGD_phase_1/train", "valid": "ConGD_phase_1/valid", "test": "ConGD_phase_2/test"}

_SEGMENT = re.compile(r"(\d+),(\d+):(\d+)")


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set: the fold ``valid``, and ``test`` where its labels are there."""
    videos, events, parts = Videos(folder), [], {}
    for part, place in PARTS.items():
        file = folder / f"ConGD_labels/{part}.txt"
        if part == "test" and not file.exists():
            continue
        for where, (video, *segments) in read_lines(file, None, None):
            name = videos.add(where, f"{place}/{video}.M.avi", name=f"{part}_{video.replace('/', '_')}")
            parts.setdefault(part, []).append(name)
            rate_hz = videos.frame_rate_hz(name)
            for segment in segments:
                match = _SEGMENT.fullmatch(segment)
                first, last, kind = map(int, match.groups()) if match else (0, 0, 0)
                if not (1 <= first <= last and 1 <= kind <= CLASSES):
                    raise KinesicsError(
                        f"{where}: {segment!r} is not <first frame>,<last frame>:<class 1 to {CLASSES}>"
                    )
                events.append((name, LABELS[kind - 1], seconds(first - 1, rate_hz), seconds(last, rate_hz)))
    splits = {part: (parts["train"], parts[part]) for part in parts if part != "train"}
    return make_dataset(videos, events, splits, "gesture", folder)


BENCHMARK = Benchmark(labels=LABELS, read=read)
