"""The annotated clips: what they are, what was coded, and how far the two annotation passes agree.

The passes are two readings by one vision-language model: their agreement is the repeatability of one instrument, neither its
validity nor the agreement of human annotators.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kinesics.metrics.scoring import score
from kinesics_paper.datasets.people import (
    FIRST,
    FOLDER,
    clip_download,
    durations,
    groups,
    read_annotations,
    read_people,
)
from kinesics_paper.downloads import read_downloads

#: Frames per second at which the passes were read.
RATE_HZ = 4.0


def agreement(passes: Sequence[str], settings: Mapping[str, Any], folder: str | Path = FOLDER) -> dict[str, Any]:
    """Return the contents of the annotated clips and the agreement of two passes, over all and by source.

    ``settings`` are resamples and seed of ``score``; intervals resample groups of people with all their clips. Result:
    ``agreement``, of all clips, as ``score`` gives it, over ``groups``; ``people``, how many were coded with each label
    in either pass; ``events_of_label`` and ``events`` of each pass; ``adjudicated``, events and clips of the third reading;
    ``sources``, one entry per source of downloads (of the first five, one per clip): licence, clips, people, seconds, clips
    with sound, events of each pass, and event F1 at tIoU 0.5; ``total``, the same of all; ``tiers``, that of each tier.
    """
    people, sources = read_people(folder), read_downloads()
    codings = [read_annotations(name, folder) for name in passes]
    adjudicated = read_annotations("adjudicated", folder)
    shared = {"clusters": groups(people), "rate_hz": RATE_HZ}
    shared |= {key: settings[key] for key in ("resamples", "seed")}
    agreed = score(*codings, durations=durations(people), **shared)
    labelled = pd.concat(codings).groupby("label")["person_id"].nunique()
    people = people.assign(set=people["source"].where(people["source"] != FIRST, people["clip"]))
    entries = []
    for name, rows in people.groupby("set", sort=False):
        coded = [coding[coding["video"].isin(rows["clip"])] for coding in codings]
        of_set = score(*coded, durations=durations(rows), **shared)["metrics"]["f1_50"]
        licence = clip_download(rows["clip"].iloc[0], sources, people)["licence"]
        citation = clip_download(rows["clip"].iloc[0], sources, people)["citation"]
        entry = {"source": name, "licence": licence, "citation": citation, "tier": rows["tier"].iloc[0]}
        entries.append(entry | _contents(rows, coded) | {"f1_50": of_set})
    entries.sort(key=lambda entry: (entry["tier"] != "embedded", entry["clips"] > 1, entry["source"].lower()))
    return {
        "agreement": agreed,
        "groups": len(set(shared["clusters"].values())),
        "people": {label: int(labelled[label]) for label in agreed["labels"]},
        "events_of_label": {
            label: [int((coding["label"] == label).sum()) for coding in codings] for label in agreed["labels"]
        },
        "events": {name: len(coding) for name, coding in zip(passes, codings, strict=True)},
        "adjudicated": {"events": len(adjudicated), "clips": int(adjudicated["video"].nunique())},
        "sources": entries,
        "total": _contents(people, codings) | {"f1_50": agreed["metrics"]["f1_50"]},
        "tiers": {tier: _contents(rows, codings) for tier, rows in people.groupby("tier")},
    }


def _contents(people: pd.DataFrame, codings: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the numbers of clips, people, seconds, clips with sound, and events of each coding in the clips of a table."""
    clips = people.drop_duplicates("clip")
    return {
        "clips": len(clips),
        "people": int(people["person_id"].nunique()),
        "seconds": round(float(clips["seconds"].sum()), 2),
        "sound": int(clips["sound"].sum()),
        "events": [int(coding["video"].isin(clips["clip"]).sum()) for coding in codings],
    }
