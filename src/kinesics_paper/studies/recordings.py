"""Recordings of the open data sets: descriptors of landmarks of any kind, or of the frames, in place of a tracked person.

A descriptor is float32 (frames, D), never NaN, one per video and of person 0; a ``Layout`` gives the meaning of its columns.
These layouts have no mirrored form, since a mirror turns a swipe to the left into one to the right.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.errors import KinesicsError
from kinesics.signals.landmarks import landmark_descriptor, landmark_layout
from kinesics.signals.layout import Layout
from kinesics.signals.optical_flow import FLOW_LAYOUT, flow_descriptor
from kinesics.signals.recording import Recording
from kinesics.structures.timegrid import hold_last, samples, seconds
from kinesics.structures.tracks import SCHEMA, VISIBLE, Tracks, read_tracks
from kinesics_paper.datasets.base import TrackedDataset
from kinesics_paper.datasets.open_data import find_open_dataset
from kinesics_paper.datasets.parsing import HOLD_S

PERSON = 0


def read_open_recording(dataset: str, folder: str | Path, video: str, rate_hz: float) -> Recording:
    """Return a video of an open data set at a rate, from the files of ``write_tables`` in ``folder``, without boxes.

    Its descriptor is that of the landmarks beside the tracks, or else of the tracks' body pose; of data without tracks the
    optical flow of ``media/<video>.mp4``. Raises KinesicsError naming the file.
    """
    folder = Path(folder)
    if not isinstance(find_open_dataset(dataset), TrackedDataset):
        path = folder / "media" / f"{video}.mp4"
        return recording_of_descriptor(video, rate_hz, flow_descriptor(path, rate_hz), FLOW_LAYOUT)
    path = folder / "tracks" / f"{video}.parquet"
    tracks = read_tracks(path)
    if tracks.persons != [PERSON]:
        raise KinesicsError(f"{path}: persons {tracks.persons} instead of one, {PERSON}: make it again")
    beside = path.parent / "landmarks" / path.name
    if beside.exists():
        table = pq.read_table(beside)
        times, points = table["time_s"].to_numpy(), np.array(table["points"].to_pylist(), float)
        points = points.reshape(len(points), -1, 3)
    else:
        times, pose = seconds(np.arange(tracks.frames), tracks.rate_hz), tracks.dense(PERSON, "pose")
        points = np.where(pose[..., 3:] < VISIBLE, np.nan, pose[..., :3])  # an unknown visibility (NaN) hides no point
    frame = hold_last(times, samples(tracks.duration_s, rate_hz), rate_hz, HOLD_S)
    points = np.where(frame[:, None, None] >= 0, points[frame], np.nan)
    return recording_of_descriptor(
        video, rate_hz, landmark_descriptor(points, rate_hz), landmark_layout(points.shape[1])
    )


def recording_of_descriptor(video: str, rate_hz: float, descriptor: np.ndarray, layout: Layout) -> Recording:
    """Return the recording of a descriptor (frames, D): one person, there in every frame, without boxes."""
    count = len(descriptor)
    columns = {"frame": np.arange(count), "time_s": seconds(np.arange(count), rate_hz), "person": [PERSON] * count}
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    tracks = Tracks(video, rate_hz, seconds(count, rate_hz), 1, 1, pa.table(arrays, schema=SCHEMA))
    return Recording(tracks, {}, {PERSON: descriptor}, layout)


def cut_recording(recording: Recording, first: int, last: int) -> Recording:
    """Return the frames [first, last) of a recording of ``recording_of_descriptor`` as one of its own, named after them."""
    name = f"{recording.tracks.video} frames {first} to {last}"
    descriptor = recording.descriptor(PERSON)[first:last]
    return recording_of_descriptor(name, recording.tracks.rate_hz, descriptor, recording.layout)
