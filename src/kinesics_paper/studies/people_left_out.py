"""Leave each annotated person out in turn: train on the others, detect in the person's own recordings."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kinesics.detectors.ranked import detect_with, fit
from kinesics.signals.recording import Recording


def detect_left_out(
    recordings: list[Recording], truth: list[pd.DataFrame], groups: Mapping[tuple[str, int], str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each person and the events that ``ranked`` detects in all recordings of that person after training on the others.

    ``groups`` names who (video, person) is. The person's own tracks are not among those of the training, also where another
    person of the same recording is; detection has the whole recording, in which somebody else may be the one that is heard.
    """
    for who in sorted(set(groups.values())):
        own = {key for key, name in groups.items() if name == who}
        others = [kept for recording in recordings if (kept := without(recording, own)) is not None]
        learned = fit(others, truth, 0, groups=groups)
        tables = []
        for recording in recordings:
            persons = [person for video, person in sorted(own) if video == recording.tracks.video]
            if persons:
                events, _ = detect_with(learned, recording)
                tables.append(events[events["person"].isin(persons)])
        yield who, pd.concat(tables, ignore_index=True)


def without(recording: Recording, people: set[tuple[str, int]]) -> Recording | None:
    """Return the recording without some people (video, person), or None if nobody is left."""
    tracks = recording.tracks
    left_out = [person for video, person in people if video == tracks.video]
    keep = pc.invert(pc.is_in(tracks.table["person"], pa.array(left_out, pa.int32())))
    table = tracks.table.filter(keep)
    return Recording(replace(tracks, table=table), recording.features) if len(table) else None
