"""UCF101-24: 24 sports with the boxes of the athletes (Soomro et al., 2012; boxes corrected by Singh et al., ICCV 2017).

Layout: ``finalAnnots.mat`` and ``testlist01.txt`` of gurkirt/corrected-UCF101-Annots (3,195 videos, split 1) and the videos
as ``UCF-101/<Class>/<video>.avi``, unpacked from UCF101.rar (crcv.ucf.edu/data/UCF101.php). The first is a MATLAB file whose
``annot`` has one row per video with ``num_imgs``, ``name`` and ``tubes``, and a tube has ``ef`` and ``sf`` (last and first
frame, from 1), ``class`` and ``boxes`` (x, y, width, height in pixels of 320 x 240), one row per frame: convertMatToPy.py
there, which goes by this order. The same annotation as a pickle is not read. The rate of the frames is that of the video.

Not verified: whether the last frame counts to the tube; the boxes say how many frames there are.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import loadmat

from kinesics.errors import KinesicsError
from kinesics.structures.events import BOX, TUBE_COLUMNS
from kinesics.structures.timegrid import seconds
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, label_names, make_dataset, read_lines

CLASSES = label_names((
    *("Basketball", "BasketballDunk", "Biking", "CliffDiving", "CricketBowling", "Diving", "Fencing", "FloorGymnastics"),
    *("GolfSwing", "HorseRiding", "IceDancing", "LongJump", "PoleVault", "RopeClimbing", "SalsaSpin", "SkateBoarding"),
    *("Skiing", "Skijet", "SoccerJuggling", "Surfing", "TennisSwing", "TrampolineJumping", "VolleyballSpiking"),
    "WalkingWithDog",
))  # fmt: skip
LABELS = tuple(CLASSES.values())
ANNOTATION, TESTED = "finalAnnots.mat", "testlist01.txt"
SIZE = np.array([320, 240, 320, 240])


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``split_1``, with tubes."""
    file = folder / ANNOTATION
    try:
        annotation = loadmat(str(file))["annot"][0]
    except FileNotFoundError:
        raise KinesicsError(f"{file}: no such file") from None
    except (KeyError, ValueError, NotImplementedError, TypeError) as error:
        raise KinesicsError(f"{file}: not the MATLAB file with 'annot': {error}") from None
    tested = {fields[0].removesuffix(".avi") for _, fields in read_lines(folder / TESTED, None, None)}
    videos, events, tubes, split = Videos(folder), [], [], ([], [])
    for place, entry in enumerate(annotation, 1):
        name = str(entry[1][0])
        where = f"{file}: row {place} ({name})"
        kind = name.partition("/")[0]
        if kind not in CLASSES:
            raise KinesicsError(f"{where}: class {kind!r} is unknown; known are {', '.join(CLASSES)}")
        video = videos.add(where, f"UCF-101/{name}.avi")
        split[name in tested].append(video)
        rate_hz = videos.frame_rate_hz(video)
        for person, tube in enumerate(entry[2][0] if entry[2].size else []):
            last, first, boxes = int(tube[0][0][0]), int(tube[1][0][0]), np.asarray(tube[3], float)
            if boxes.ndim != 2 or boxes.shape[1] != 4 or abs(len(boxes) - (last - first + 1)) > 1:
                raise KinesicsError(f"{where}: tube {person + 1} has boxes {boxes.shape} for frames {first} to {last}")
            corners = (np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1) / SIZE).clip(0, 1)
            times = seconds(first - 1 + np.arange(len(corners) + 1), rate_hz)
            tubes += [(len(events), time_s, *box) for time_s, box in zip(times[:-1], corners, strict=True)]
            events.append((video, CLASSES[kind], times[0], times[-1], person, *np.median(corners, axis=0)))
    boxes = pd.DataFrame(tubes, columns=["event", "time_s", *BOX])[TUBE_COLUMNS]
    return make_dataset(videos, events, {"split_1": split}, "", folder, boxes)


BENCHMARK = Benchmark(labels=LABELS, read=read)
