"""Aff-Wild2, expressions: videos with one of eight labels in every frame (Kollias, ABAW 2024).

Layout: ``6th ABAW Annotations/EXPR_Recognition_Challenge/{Train_Set,Validation_Set}/<video>.txt``, a header with the labels
and then one number per frame of the video, -1 where there is none; the videos in folders such as ``batch1/`` and ``batch2/``,
as public code of the challenge's participants reads them. A name that ends in _left or _right is one of two people in the
video without the ending. The rate of the frames is that of the video.

Frames without a label are no background: they are left out of the evaluation. The labels of the test set are not
distributed.
"""

from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import label_runs, seconds
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, label_names, make_dataset, read_lines

LABELS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other")
PARTS = ("Train_Set", "Validation_Set")
UNLABELLED = "-1"

_PLACE = "6th ABAW Annotations/EXPR_Recognition_Challenge"


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``validation``: trained on Train_Set, tested on Validation_Set."""
    videos, events, ignored, parts = Videos(folder), [], [], {}
    for part in PARTS:
        place = folder / _PLACE / part
        files = sorted(place.glob("*.txt"))
        if not files:
            raise KinesicsError(f"{place}: no annotations (*.txt)")
        for file in files:
            stem = file.stem.removesuffix("_left").removesuffix("_right")
            files_of_stem = sorted(path for path in folder.glob(f"*/{stem}.*") if path.suffix in (".mp4", ".avi"))
            path = str(files_of_stem[0].relative_to(folder)) if files_of_stem else f"batch1/{stem}.mp4"
            name = videos.add(f"{place}: {file.name}", path, name=file.stem)
            parts.setdefault(part, []).append(name)
            rows = list(read_lines(file, None))
            if tuple(label_names(rows[0][1]).values()) != LABELS:
                raise KinesicsError(f"{rows[0][0]}: the labels are not {', '.join(LABELS)}")
            numbers = [_label(where, fields) for where, fields in rows[1:]]
            rate_hz = videos.frame_rate_hz(name)
            times = seconds(np.arange(len(numbers)), rate_hz)
            for label, start, end in label_runs(np.array(numbers), times, seconds(len(numbers), rate_hz)):
                if label == UNLABELLED:
                    ignored.append((name, start, end))
                else:
                    events.append((name, LABELS[int(label)], start, end))
    return make_dataset(
        videos, events, {"validation": tuple(parts[part] for part in PARTS)}, "emotion", folder, ignored=ignored
    )


def _label(where: str, fields: list[str]) -> str:
    if len(fields) != 1 or fields[0] not in (UNLABELLED, *map(str, range(len(LABELS)))):
        raise KinesicsError(f"{where}: {','.join(fields)!r} is not -1 or the number of a label")
    return fields[0]


BENCHMARK = Benchmark(labels=LABELS, read=read)
