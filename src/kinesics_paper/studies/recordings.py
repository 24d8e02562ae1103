"""Streams of the open data: what heads see of landmarks of any kind, or of plain pixels, in place of a tracked person.

Streams are float32 (frames, D), never NaN, one a video and of person 0; a ``Layout`` says what their columns mean. A mirror
turns a swipe to the left into one to the right: these streams have none.
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
from kinesics_paper.datasets.open_data import find_open_dataset
from kinesics_paper.datasets.parsing_tables import HOLD_S

PERSON = 0


def read_open_recording(dataset: str, folder: str | Path, video: str, rate_hz: float) -> Recording:
    """Return a video of an open data set at a rate, from what its adapter wrote into ``folder``: its stream, and no boxes.

    The stream is that of the landmarks beside the tracks, or else of the tracks' body pose; of data without tracks that of
    the pixels of ``media/<video>.mp4``. Raises KinesicsError naming the file.
    """
    folder = Path(folder)
    if not hasattr(find_open_dataset(dataset), "tracks"):
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
        points = np.where(pose[..., 3:] < VISIBLE, np.nan, pose[..., :3])  # a visibility that is not told hides nothing
    frame = hold_last(times, samples(tracks.duration_s, rate_hz), rate_hz, HOLD_S)
    points = np.where(frame[:, None, None] >= 0, points[frame], np.nan)
    return recording_of_descriptor(
        video, rate_hz, landmark_descriptor(points, rate_hz), landmark_layout(points.shape[1])
    )


def recording_of_descriptor(video: str, rate_hz: float, stream: np.ndarray, layout: Layout) -> Recording:
    """Return the clip of a stream (frames, D): one person, there in every frame, without boxes."""
    count = len(stream)
    columns = {"frame": np.arange(count), "time_s": seconds(np.arange(count), rate_hz), "person": [PERSON] * count}
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    tracks = Tracks(video, rate_hz, seconds(count, rate_hz), 1, 1, pa.table(arrays, schema=SCHEMA))
    return Recording(tracks, {}, {PERSON: stream}, layout)


def cut_recording(clip: Recording, first: int, last: int) -> Recording:
    """Return the frames [first, last) of a clip of ``plain_clip`` as a clip of its own, named after them."""
    name = f"{clip.tracks.video} frames {first} to {last}"
    return recording_of_descriptor(name, clip.tracks.rate_hz, clip.descriptor(PERSON)[first:last], clip.layout)
