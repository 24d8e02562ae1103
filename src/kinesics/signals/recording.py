"""Hold the tracks and features of one video, the input of every detector."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from kinesics.errors import KinesicsError
from kinesics.signals.descriptor import ENCODERS, PERSON, person_stream
from kinesics.signals.layout import Layout
from kinesics.structures.features import Features, read_features
from kinesics.structures.tracks import Tracks, read_tracks


@dataclass(frozen=True)
class Clip:
    """What a detector sees of a video: its tracks, and its features by encoder.

    ``streams`` holds the cheap streams once they were asked for, or those of data that have their own, whose columns are of
    another ``layout``; copies with other features of the slow encoders share it.
    """

    tracks: Tracks
    features: dict[str, Features]
    streams: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    layout: Layout = field(default=PERSON, repr=False)

    def stream(self, person: int) -> np.ndarray:
        """Return the cheap stream of a person: float32 (frames, D), not to be written into."""
        if person not in self.streams:
            self.streams[person] = person_stream(self.tracks, person, *map(self.features.get, ENCODERS))
        return self.streams[person]

    def asked(self, features: Features) -> "Clip":
        """Return the clip with other features of one encoder, such as those of fewer calls."""
        return replace(self, features=self.features | {features.encoder: features})


def read_clips(tracks: list[str | Path], features: list[str | Path]) -> list[Clip]:
    """Read clips from their tracks files and any feature files, matched by the video they name.

    Raises KinesicsError if a video has two tracks, or two features of one encoder.
    """
    found: dict[str, dict[str, Features]] = {}
    for path in features:
        one = read_features(path)
        if one.encoder in found.setdefault(one.video, {}):
            raise KinesicsError(f"{path}: another file has features of {one.encoder!r} on {one.video!r} too: give one")
        found[one.video][one.encoder] = one
    clips: dict[str, Clip] = {}
    for path in tracks:
        track = read_tracks(path)
        if track.video in clips:
            raise KinesicsError(f"{path}: another file has tracks of {track.video!r} too: give one")
        clips[track.video] = Clip(track, found.get(track.video, {}))
    return list(clips.values())
