"""The annotated people as the detectors see them: recordings, truth with the tracks' numbers, who is who, and folds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.signals.coefficients import Signals, recording_signals
from kinesics.signals.recording import Recording, read_recordings
from kinesics.structures.vocabulary import in_order
from kinesics_paper.datasets.people import FOLDER, groups, person_ids, read_annotations, read_people
from kinesics_paper.datasets.people_tracks import number_as_tracked

#: A tracked person: the video and the number in its tracks.
Key = tuple[str, int]


@dataclass(frozen=True)
class People:
    """Recordings of the annotated clips, sorted by name, and what was annotated in each pass.

    ``truth`` has one events table per pass, with the numbers that people have in the tracks and the column ``person_id``.
    ``person`` names who a tracked person is; ``group`` the people that share a clip, who are left out together.
    """

    recordings: list[Recording]
    truth: list[pd.DataFrame]
    person: Mapping[Key, str]
    group: Mapping[str, str]

    @cached_property
    def signals(self) -> dict[str, dict[int, Signals]]:
        """The signals of each person of each recording, computed once."""
        return {recording.tracks.video: recording_signals(recording) for recording in self.recordings}

    @property
    def labels(self) -> list[str]:
        """The annotated labels, in the order of the vocabulary."""
        return in_order({label for table in self.truth for label in table["label"]})

    @property
    def groups(self) -> list[str]:
        """The groups of people, sorted."""
        return sorted(set(self.group.values()))

    def only(self, names: Iterable[str]) -> "People":
        """Return the people of these groups."""
        kept = self.recordings_of(names, inside=True)
        videos = {recording.tracks.video: self.group[recording.tracks.video] for recording in kept}
        return replace(self, recordings=kept, truth=self.truth_of(kept), group=videos)

    def recordings_of(self, left_out: Iterable[str], inside: bool) -> list[Recording]:
        """Return the recordings of these groups, or all others."""
        names = set(left_out)
        return [r for r in self.recordings if (self.group[r.tracks.video] in names) == inside]

    def truth_of(self, recordings: Sequence[Recording]) -> list[pd.DataFrame]:
        """Return the events of some recordings in each pass."""
        videos = {recording.tracks.video for recording in recordings}
        return [table[table["video"].isin(videos)].reset_index(drop=True) for table in self.truth]


def read_people_data(
    tracks: Sequence[str], features: Sequence[str], passes: Sequence[str], folder: str | Path = FOLDER
) -> People:
    """Return the annotated people from tracks files, feature files and the names of annotation passes."""
    people = read_people(folder)
    codings = [read_annotations(name, folder) for name in passes]
    recordings = sorted(read_recordings(sorted(tracks), sorted(features)), key=lambda r: r.tracks.video)
    group, ids = groups(people), person_ids(people)
    parts: list[list[pd.DataFrame]] = [[] for _ in passes]
    person: dict[Key, str] = {}
    for recording in recordings:
        video = recording.tracks.video
        numbered = number_as_tracked(codings, recording.tracks)
        for part, table in zip(parts, numbered, strict=True):
            part.append(table)
        named = {(video, int(row.person)): row.person_id for table in numbered for row in table.itertuples(index=False)}
        coded = sorted(name for (clip, _), name in ids.items() if clip == video)
        for number in recording.tracks.persons:
            # whoever has no event is the only one of the clip, or nobody with an annotated event
            named.setdefault((video, number), coded[0] if len(coded) == 1 else f"{video}:{number}")
        person |= named
    truth = [pd.concat(part, ignore_index=True) for part in parts]
    return People(recordings, truth, person, {r.tracks.video: group[r.tracks.video] for r in recordings})


def leave_each_out(data: People) -> list[list[str]]:
    """Return one fold per group of people."""
    return [[name] for name in data.groups]


def balanced_folds(data: People, count: int) -> list[list[str]]:
    """Return ``count`` folds of groups with about equally many annotated events, the largest placed first."""
    events = pd.concat(data.truth)["video"].map(data.group).value_counts()
    folds: list[list[str]] = [[] for _ in range(count)]
    load = np.zeros(count)
    for name in sorted(data.groups, key=lambda name: (-events.get(name, 0), name)):
        k = int(load.argmin())
        folds[k].append(name)
        load[k] += events.get(name, 0) + 1
    return folds
