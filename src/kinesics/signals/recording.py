"""The tracks and features of one video, the input of every detector."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.signals.descriptor import ENCODERS, PERSON, person_descriptor
from kinesics.signals.layout import Layout
from kinesics.structures.features import Features, read_features
from kinesics.structures.tracks import Tracks, open_tracks


@dataclass(frozen=True)
class Recording:
    """The tracks of a video, and its features by encoder.

    ``descriptors`` caches the person descriptors, or holds those of data that have their own, whose columns follow another
    ``layout``; copies with other features of the slow encoders share it.
    """

    tracks: Tracks
    features: dict[str, Features]
    descriptors: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    layout: Layout = field(default=PERSON, repr=False)

    def descriptor(self, person: int) -> np.ndarray:
        """Return the person descriptor of a person: float32 (frames, D), not to be changed in place."""
        if person not in self.descriptors:
            self.descriptors[person] = person_descriptor(self.tracks, person, *map(self.features.get, ENCODERS))
        return self.descriptors[person]

    def with_features(self, features: Features) -> "Recording":
        """Return the recording with other features of one encoder, such as those of fewer queries."""
        return replace(self, features=self.features | {features.encoder: features})


def read_recordings(tracks: Sequence[str | Path], features: Sequence[str | Path]) -> list[Recording]:
    """Read recordings from their tracks files and any feature files, matched by the video they name.

    Raises KinesicsError if a video has two tracks, or two features of one encoder.
    """
    by_video: dict[str, dict[str, Features]] = {}
    for path in features:
        values = read_features(path)
        if values.encoder in by_video.setdefault(values.video, {}):
            raise KinesicsError(
                f"{path}: another file has features of {values.encoder!r} on {values.video!r} too: give one"
            )
        by_video[values.video][values.encoder] = values
    recordings: dict[str, Recording] = {}
    for path in tracks:
        people = open_tracks(path)
        if people.video in recordings:
            raise KinesicsError(f"{path}: another file has tracks of {people.video!r} too: give one")
        recordings[people.video] = Recording(people, by_video.get(people.video, {}))
    return list(recordings.values())
