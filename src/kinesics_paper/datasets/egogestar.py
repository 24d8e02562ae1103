"""EgoGestAR's real clips of a hand drawing gestures in the air (Garg et al., ECCV Workshops 2018), made into streams.

The data are 132 clips ``testvideo_<gesture>_<serial>.mp4`` of one to nine seconds, 640 x 480, ten gestures and
unclassified movements, serial numbers 1 to 12. **The streams are concatenated**: nobody was filmed performing one
gesture after another, and at every boundary the image jumps. A method that detects cuts detects boundaries here, so these
streams measure how well gestures are classified in a long video, not how well their start and end are localised.

A stream has all gestures of two serial numbers, each clip once, in an order drawn from ``SEED``; before each gesture
and at the end stands an unclassified clip of the same part, drawn without replacement until all were used,
then again. Those of training (serials 1 to 8) never stand in a stream for testing (9 to 12). ``plan`` gives the file that
each second of a stream comes from, and the word concatenated stands in the name of each stream and in the metadata of its
video.

Frames are sampled at ``RATE_HZ``, that of the slowest clips: the original rates, from 10 to 30 Hz, would give away the
class. Sound, which five clips have, is left out. Persons are not named: subjects are not known.

Flaw, repaired here: the caret is written carret in the names of the files.
"""

import random
import re
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.media.video import probe_video, read_frames
from kinesics.structures.timegrid import samples, seconds
from kinesics_paper.datasets.base import Splits, TimedDataset
from kinesics_paper.datasets.parsing import event_table, stream_table

LABELS = ("caret", "circlecc", "del", "down", "left", "right", "square", "star", "tick", "up")
BACKGROUND = "unclassified"
SERIALS = range(1, 13)
TRAINING = range(1, 9)
SERIALS_PER_STREAM = 2  # streams of about two minutes, and two of them for testing
SEED = 0
RATE_HZ = 10
WIDTH, HEIGHT = 640, 480

_SPELLED = {"caret": "carret"}  # as the files are named
_CLIP = re.compile(r"testvideo_([a-z]+)_([0-9]+)\.mp4")

#: Stream: its serial numbers.
STREAMS = {
    f"egogestar_concatenated_{part}_{number + 1}": serials[first : first + SERIALS_PER_STREAM]
    for part, serials in (
        ("train", [serial for serial in SERIALS if serial in TRAINING]),
        ("test", [serial for serial in SERIALS if serial not in TRAINING]),
    )
    for number, first in enumerate(range(0, len(serials), SERIALS_PER_STREAM))
}
VIDEOS = tuple(STREAMS)


def plan(folder: str | Path) -> pd.DataFrame:
    """Return the clips of each stream in order: ``stream``, ``file``, ``label``, ``start_s``, ``end_s``.

    Times are seconds of the stream, exact multiples of the frame interval. Raises KinesicsError naming the file
    if one is missing, damaged, of another size, or a clip of an unknown name.
    """
    lengths = _lengths(Path(folder))
    rows = []
    for stream, serials in STREAMS.items():
        rng = random.Random(f"{SEED} {stream}")
        part = [serial for serial in SERIALS if (serial in TRAINING) == (serials[0] in TRAINING)]
        gestures = [(label, serial) for serial in serials for label in LABELS]
        rng.shuffle(gestures)
        between: list[tuple[str, int]] = []
        while len(between) <= len(gestures):
            background = [(BACKGROUND, serial) for serial in part]
            rng.shuffle(background)
            between += background
        pairs = zip(between, gestures, strict=False)
        begin = 0
        for clip in (*chain.from_iterable(pairs), between[len(gestures)]):
            end = begin + lengths[clip]
            rows.append((stream, clip_file(*clip), clip[0], seconds(begin, RATE_HZ), seconds(end, RATE_HZ)))
            begin = end
    return pd.DataFrame(rows, columns=["stream", "file", "label", "start_s", "end_s"])


def read_streams(folder: str | Path) -> pd.DataFrame:
    """Return video, subject (not known) and duration of each stream."""
    ends = plan(folder).groupby("stream", sort=False)["end_s"].max()
    return stream_table([(stream, None, end) for stream, end in ends.items()])


def read_events(folder: str | Path) -> pd.DataFrame:
    """Return the gestures as events of the concatenated streams."""
    rows = plan(folder)
    rows = rows[rows["label"] != BACKGROUND][["stream", "label", "start_s", "end_s"]]
    return event_table(rows.itertuples(index=False, name=None), Path(folder))


def read_splits(folder: str | Path) -> Splits:
    """Return the one fold ``serial``: serial numbers 1 to 8 for training, 9 to 12 for testing."""
    parts = {part: [stream for stream in STREAMS if f"_{part}_" in stream] for part in ("train", "test")}
    return {"serial": (parts["train"], parts["test"])}


def write_stream(folder: str | Path, stream: str, path: str | Path) -> Path:
    """Write one stream as H.264 in MP4, clip after clip, in constant memory; the same bytes each time. Return the path.

    Raises KinesicsError naming the choices for an unknown stream, or the file as ``plan`` does.
    """
    if stream not in STREAMS:
        raise KinesicsError(f"{stream!r} is not a stream. The streams are {', '.join(STREAMS)}.")
    rows = plan(folder)
    files = rows["file"][rows["stream"] == stream]
    # bitexact leaves out the encoder's version and the date
    options = {"fflags": "+bitexact", "movflags": "+faststart"}
    with replacing(path) as temporary, av.open(str(temporary), "w", format="mp4", options=options) as container:
        container.metadata["comment"] = f"concatenated from {len(files)} clips of EgoGestAR"
        video = container.add_stream("libx264", rate=RATE_HZ)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, RATE_HZ)
        video.codec_context.thread_count = 1
        video.codec_context.options = {"preset": "superfast", "crf": "23", "flags": "+bitexact"}
        number = 0
        for name in files:
            for _, _, image in read_frames(Path(folder) / name, RATE_HZ):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
                container.mux(video.encode(frame))
                number += 1
        container.mux(video.encode())
    return Path(path)


def clip_file(label: str, serial: int) -> str:
    """Return the name of the file of a clip."""
    return f"testvideo_{_SPELLED.get(label, label)}_{serial}.mp4"


def _lengths(folder: Path) -> dict[tuple[str, int], int]:
    """Return the number of frames of each clip (label, serial) at ``RATE_HZ``."""
    clips = {clip_file(label, serial): (label, serial) for label in (*LABELS, BACKGROUND) for serial in SERIALS}
    for path in sorted(folder.glob("*.mp4")):
        if path.name not in clips:
            kind = "label" if _CLIP.fullmatch(path.name) else "name"
            raise KinesicsError(f"{path}: a clip of an unknown {kind}; known are testvideo_<gesture>_<1 to 12>.mp4")
    lengths = {}
    for name, clip in clips.items():
        info = probe_video(folder / name)
        if (info.width, info.height) != (WIDTH, HEIGHT):
            raise KinesicsError(f"{folder / name}: {info.width} x {info.height} pixels instead of {WIDTH} x {HEIGHT}")
        lengths[clip] = samples(info.duration_s, RATE_HZ)
    return lengths


OPEN = TimedDataset(
    labels=LABELS, read_streams=read_streams, read_events=read_events, read_splits=read_splits, videos=VIDEOS
)
