"""The checkpoint and the table of labels that come with the package: learned, described, and compared with the copy there."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinesics.detectors import ranked
from kinesics.detectors.packaged import LabelAccuracy, read_label_accuracies
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold, read_checkpoint, write_checkpoint
from kinesics.io.files import replacing, sha256
from kinesics.metrics.matching import f1_score
from kinesics_paper.studies.people_comparison import event_counts, read_events
from kinesics_paper.studies.people_data import People, read_people_data

DETECTOR = "ranked"
#: A label is on by default if this many people have it, and the interval of its F1 less that of chance leaves out zero.
LEAST_PEOPLE = 3
LEVEL = 0.95
#: On another machine tracks differ in their last digits: at least this share of the events has to be the same there.
SAME = 0.9
DIGITS = 2


def learn(tracks: Sequence[str], features: Sequence[str], passes: Sequence[str], out: str) -> None:
    """Learn the checkpoint from all annotated people and both passes."""
    data = read_people_data(tracks, features, passes)
    write_checkpoint(DETECTOR, ranked.fit(data.recordings, data.truth, 0, groups=data.person), out)


def describe_labels(  # noqa: PLR0913 - files of a rule
    tracks: Sequence[str],
    features: Sequence[str],
    passes: Sequence[str],
    model: str,
    events: str,
    chance: str,
    settings: dict[str, Any],
    out: str,
) -> None:
    """Write the table of labels (CSV, ``packaged.LabelAccuracy``) from the events on people left out.

    ``events`` and ``chance`` are files of ``people_left_out``, ``settings`` are resamples and seed.
    """
    data = read_people_data(tracks, features, passes)
    judged = sorted({name for table in data.truth for name in table["person_id"]})
    threshold = round(decision_threshold(model), DIGITS)
    able = ranked.learned_labels(read_checkpoint(Path(model), DETECTOR))
    tables = [read_events(path) for path in (events, chance)]
    rows = []
    for label in (label for label in data.labels if label in ranked.LABELS):
        counts = [_counts(data, label, table, judged) for table in tables]
        entry = _accuracy(label, data, *counts, settings)
        entry = replace(entry, threshold=threshold, on=entry.on and label in able)
        rows.append(asdict(entry) | {"on": "yes" if entry.on else "no"})
    with replacing(out) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _counts(data: People, label: str, events: pd.DataFrame, judged: Sequence[str]) -> np.ndarray:
    """Return hits, detected and true events of a label at a tIoU of 0.5: (passes, seeds, people, 3)."""
    table = events[events["decision"] & (events["label"] == label)]
    seeds = [table[table["seed"] == seed] for seed in sorted(events["seed"].unique())]
    truth = [_of_label(part, label) for part in data.truth]
    return np.stack([[event_counts(data, true, part, judged)[0] for part in seeds] for true in truth])


def _of_label(table: pd.DataFrame, label: str) -> pd.DataFrame:
    return table[table["label"] == label].reset_index(drop=True)


def _f1(counts: np.ndarray) -> np.ndarray:
    """Return the mean over passes and seeds of the F1 of counts (passes, seeds, ..., 3)."""
    hits, detected, true = np.moveaxis(counts, -1, 0)
    return np.nan_to_num(f1_score(hits, detected - hits, true - hits)).mean((0, 1))


def _accuracy(
    label: str, data: People, found: np.ndarray, random: np.ndarray, settings: dict[str, Any]
) -> LabelAccuracy:
    """Return what is known of a label, with a threshold of 0."""
    people = pd.concat([_of_label(table, label) for table in data.truth])["person_id"].nunique()
    drawn = np.random.default_rng(settings["seed"]).integers(
        found.shape[2], size=(settings["resamples"], found.shape[2])
    )
    differences = _f1(found[:, :, drawn].sum(3)) - _f1(random[:, :, drawn].sum(3))
    total = found.sum(2)
    return LabelAccuracy(
        label=label,
        threshold=0.0,
        precision=_rounded(total[..., 0] / np.maximum(total[..., 1], 1)),
        recall=_rounded(total[..., 0] / np.maximum(total[..., 2], 1)),
        f1=_rounded(_f1(total)),
        chance_f1=_rounded(_f1(random.sum(2))),
        people=int(people),
        events=round(float(total[..., 2].mean()), 1),
        on=bool(people >= LEAST_PEOPLE and np.quantile(differences, (1 - LEVEL) / 2) > 0),
    )


def _rounded(values: np.ndarray) -> float:
    return round(float(np.mean(values)), DIGITS) + 0.0


def compare_packaged(
    tracks: Sequence[str],
    features: Sequence[str],
    passes: Sequence[str],
    model: str,
    labels: str,
    packaged: Sequence[str],
) -> dict[str, Any]:
    """Compare the checkpoint and the table of labels with ``packaged``, those in the package.

    Result: ``bytes`` of the checkpoint, ``same_bytes``, ``events`` on all recordings, ``same_events``, ``labels``, ``on`` and
    ``off``. Raises KinesicsError if less than ``SAME`` of the events are the same, or other labels are on.
    """
    data = read_people_data(tracks, features, passes)
    ours, theirs = (_events(data, read_checkpoint(Path(path), DETECTOR)) for path in (model, packaged[0]))
    same = len(ours & theirs)
    if same < SAME * len(ours | theirs):
        raise KinesicsError(
            f"{packaged[0]}: detects {len(theirs)} events, of which {same} are among the {len(ours)} of the checkpoint that "
            "was learned from these data: renew it with `make weights`"
        )
    tables = [read_label_accuracies(Path(path)) for path in (labels, packaged[1])]
    on = [{label for label, entry in table.items() if entry.on} for table in tables]
    if on[0] != on[1]:
        other = ", ".join(sorted(on[0] ^ on[1]))
        raise KinesicsError(f"{packaged[1]}: other labels are on by default ({other}): renew it with `make weights`")
    return {
        "bytes": Path(packaged[0]).stat().st_size,
        "same_bytes": sha256(model) == sha256(packaged[0]),
        "events": len(ours),
        "same_events": same,
        "labels": len(tables[0]),
        "on": [label for label, entry in tables[0].items() if entry.on],
        "off": [label for label, entry in tables[0].items() if not entry.on],
    }


def _events(data: People, learned: dict[str, np.ndarray]) -> set[tuple[Any, ...]]:
    """Return video, person, label, start and end of every event that learned arrays detect."""
    found = set()
    for recording in data.recordings:
        table, _ = ranked.detect_with(learned, recording)
        found |= set(
            table[["video", "person", "label", "start_s", "end_s"]].round(3).itertuples(index=False, name=None)
        )
    return found
