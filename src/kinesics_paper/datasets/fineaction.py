"""FineAction: untrimmed videos, 106 fine-grained actions (Liu et al., IEEE TIP, 2022).

Layout: ``annotations_gt.json`` in ActivityNet's form: ``database`` maps a video to ``subset`` (training, validation,
testing), ``duration`` in seconds and ``annotations``, each with ``label`` and ``segment`` [start, end]
(sming256/OpenTAD@3dd7b03:configs/_base_/datasets/fineaction reads it so). Not verified: that a video may have a ``filename``,
and that the videos lie in ``videos/<video>.mp4``. The labels of the test set are not distributed: the validation set is
scored.
"""

import json
from pathlib import Path

from kinesics.errors import KinesicsError
from kinesics_paper.datasets.base import AnnotatedDataset, Benchmark
from kinesics_paper.datasets.parsing import Videos, label_names, make_dataset

ANNOTATION = "annotations_gt.json"
PARTS = {"training": "train", "validation": "test"}


def read(folder: Path) -> AnnotatedDataset:
    """Return the data set with the one fold ``validation``."""
    file = folder / ANNOTATION
    try:
        database = json.loads(file.read_text(encoding="utf-8"))["database"]
    except FileNotFoundError:
        raise KinesicsError(f"{file}: no such file") from None
    except (ValueError, KeyError, TypeError) as error:
        raise KinesicsError(f"{file}: not JSON with the key 'database': {error}") from None
    videos, events, split = Videos(folder), [], {"train": [], "test": []}
    for name, entry in sorted(database.items()):
        where = f"{file}: video {name}"
        try:
            if entry["subset"] not in PARTS:
                continue
            path = f"videos/{entry.get('filename', f'{name}.mp4')}"
            videos.add(where, path, name=name, duration_s=float(entry["duration"]))
            split[PARTS[entry["subset"]]].append(name)
            for segment in entry["annotations"]:
                start_s, end_s = map(float, segment["segment"])
                events.append((name, *label_names([segment["label"]]).values(), start_s, end_s))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise KinesicsError(f"{where}: not an entry of ActivityNet's form: {error!r}") from None
    if not split["test"]:
        raise KinesicsError(f"{file}: no video of the validation subset")
    return make_dataset(videos, events, {"validation": (split["train"], split["test"])}, "", folder)


BENCHMARK = Benchmark(labels=None, read=read)
