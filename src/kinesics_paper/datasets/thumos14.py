"""THUMOS14, temporal localisation: 413 untrimmed videos, 20 actions (Idrees et al., CVIU, 2017).

Layout: ``<Class>_val.txt`` and ``<Class>_test.txt`` in ``TH14_Temporal_annotations_validation/`` and
``TH14_Temporal_Annotations_Test/``, at any depth, with lines ``video start end`` in seconds, and ``Ambiguous_val.txt``, whose
segments are taken out of the evaluation (the README in the archive); the videos in ``validation/`` and ``test/``. The server
has them one by one: www.crcv.ucf.edu/THUMOS14. As is usual, the annotated validation videos are learned from.

Flaws, repaired here: two test videos are left out (sming256/OpenTAD@3dd7b03:tools/prepare_data/thumos/README.md counts 211;
which two is from memory); segments beyond the end of a video are cut there. What is cliff diving is diving too: both
labels are kept.
"""

from collections.abc import Iterator
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, label_names, make_dataset, parse_number, read_lines

CLASSES = label_names((
    *("BaseballPitch", "BasketballDunk", "Billiards", "CleanAndJerk", "CliffDiving", "CricketBowling", "CricketShot"),
    *("Diving", "FrisbeeCatch", "GolfSwing", "HammerThrow", "HighJump", "JavelinThrow", "LongJump", "PoleVault"),
    *("Shotput", "SoccerPenalty", "TennisSwing", "ThrowDiscus", "VolleyballSpiking"),
))  # fmt: skip
LABELS = tuple(CLASSES.values())
AMBIGUOUS = "Ambiguous"
LEFT_OUT = ("video_test_0000270", "video_test_0001292")
#: Part: the folder of its annotation, the ending of its files, the folder of its videos.
PARTS = {
    "train": ("TH14_Temporal_annotations_validation", "_val.txt", "validation"),
    "test": ("TH14_Temporal_Annotations_Test", "_test.txt", "test"),
}

_SERVER = "https://www.crcv.ucf.edu/THUMOS14"


def downloads(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the two archives of annotations, then each video that they name."""
    for place, archive in zip(PARTS.values(), ("Validation_set", "test_set"), strict=True):
        yield f"{_SERVER}/{archive}/{place[0]}.zip", place[0]
    for part, (_, _, videos) in PARTS.items():
        server = {"validation": "Validation_set", "test": "test_set"}[videos]
        for video in sorted({row[1] for row in _segments(folder, part)}):
            yield f"{_SERVER}/{server}/videos/{video}.mp4", f"{videos}/{video}.mp4"


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``test``."""
    videos, events, ignored, split = Videos(folder), [], [], {"train": [], "test": []}
    for part in PARTS:
        for where, name, label, start_s, end_s in _segments(folder, part):
            if name not in split[part]:
                split[part].append(videos.add(where, f"{PARTS[part][2]}/{name}.mp4"))
            if label == AMBIGUOUS:
                ignored.append((name, start_s, end_s))
            else:
                events.append((name, CLASSES[label], start_s, end_s))
    return make_dataset(videos, events, {"test": (split["train"], split["test"])}, "", folder, ignored=ignored)


def _segments(folder: Path, part: str) -> list[tuple[str, str, str, float, float]]:
    """Return (place, video, class, start, end) of each segment of a part, without the videos left out."""
    place, ending, _ = PARTS[part]
    rows = []
    for label in (*CLASSES, AMBIGUOUS):
        file = next(iter(sorted((folder / place).rglob(f"{label}{ending}"))), folder / place / f"{label}{ending}")
        for where, (video, start, end) in read_lines(file, 3, None):
            start_s, end_s = (parse_number(where, value, "time") for value in (start, end))
            if not 0 <= start_s < end_s:
                raise KinesicsError(f"{where}: {start} to {end} s is not a segment")
            if video not in LEFT_OUT:
                rows.append((where, video, label, start_s, end_s))
    return rows


BENCHMARK = Benchmark(labels=LABELS, read=read, downloads=downloads)
