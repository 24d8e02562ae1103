"""Work on a part of a corpus' videos: tracks, then features, a file a video, as one job of a cluster."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from kinesics.encoders.extract import encode_crops
from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video, read_frames
from kinesics.perception.tracking import track
from kinesics.structures.timegrid import samples, seconds
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.datasets.base import shard_videos
from kinesics_paper.datasets.index import load_index
from kinesics_paper.datasets.parsing import pictures


def track_shard(
    index: str | Path,
    shard: int,
    count: int,
    bundles: Path,
    out: str | Path,
    *,
    see: str,
    rate_hz: float,
    max_people: int,
) -> list[Path]:
    """Write the tracks of a shard's videos into ``out``; return their paths.

    ``see`` frame: nobody is looked for, and the whole picture is the box of person 0. Raises KinesicsError naming the video.
    """
    paths = []
    for name, video in _videos(index, shard, count):
        paths.append(Path(out) / f"{name}.parquet")
        with video as path:
            if see == "frame":
                _whole_frames(path, name, rate_hz, paths[-1])
            else:
                track(path, bundles, paths[-1], name=name, rate_hz=rate_hz, max_people=max_people, progress=False)
    return paths


def encode_shard(
    index: str | Path, shard: int, count: int, tracks: str | Path, encoder: str, weights: str | Path, out: str | Path,
    *, see: str, rate_hz: float,
) -> list[Path]:  # fmt: skip
    """Write the features of a shard's videos into ``out``, from their tracks in the folder ``tracks``; return their paths."""
    crops = ("person",) if see == "frame" else None
    paths = []
    for name, video in _videos(index, shard, count):
        paths.append(Path(out) / f"{name}.safetensors")
        where = Path(tracks) / f"{name}.parquet"
        with video as path:
            encode_crops(
                path, where, encoder, weights, paths[-1], name=name, rate_hz=rate_hz, crops=crops, progress=False
            )
    return paths


def _videos(index: str | Path, shard: int, count: int) -> Iterator[tuple[str, object]]:
    """Yield (name, context manager that gives the path of a video file) of each video of a shard."""
    table = load_index(index).videos.set_index("video")
    for name in shard_videos(table.index, shard, count):
        yield name, _opened(table.loc[name])


@contextmanager
def _opened(row) -> Iterator[Path]:
    """Give the path of a video: its own file, or one of its pictures or of its part, made for the time of the block."""
    path = Path(row["path"])
    if not path.exists():
        raise KinesicsError(f"{path}: no such file; it was there when the corpus was indexed: index it again")
    if path.is_file() and row["start_s"] == 0:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "video.mp4"
        if path.is_dir():
            _write(made, (_picture(file) for file in pictures(path)), row["rate_hz"])
        else:
            _write(made, _between(path, row["start_s"], row["duration_s"]), _rate(path))
        yield made


def _rate(path: Path) -> float:
    return round(probe_video(path).rate_hz, 3)


def _between(path: Path, start_s: float, duration_s: float) -> Iterator[np.ndarray]:
    rate_hz = _rate(path)
    first, last = samples(start_s, rate_hz), samples(start_s + duration_s, rate_hz)
    for k, _, frame in read_frames(path, rate_hz):
        if k >= last:
            return
        if k >= first:
            yield frame


def _picture(path: Path) -> np.ndarray:
    found = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if found is None:
        raise KinesicsError(f"{path}: not a picture")
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB)


def _write(path: Path, shown: Iterator[np.ndarray], rate_hz: float) -> None:
    """Write pictures as H.264, nearly without loss; an odd row or column at the edge is left out."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for number, picture in enumerate(shown):
            height, width = (size // 2 * 2 for size in picture.shape[:2])
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {"preset": "superfast", "crf": "12"}
                time_base = 1 / Fraction(rate_hz).limit_denominator(1001)
                stream.time_base = stream.codec_context.time_base = time_base
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            frame.pts, frame.time_base = number, time_base
            container.mux(stream.encode(frame))
        if stream is None:
            raise KinesicsError(f"{path}: no pictures to write")
        container.mux(stream.encode())


def _whole_frames(path: Path, name: str, rate_hz: float, out: Path) -> None:
    info = probe_video(path)
    whole = {"person_x0": 0.0, "person_y0": 0.0, "person_x1": 1.0, "person_y1": 1.0}
    with TracksWriter(out, name, rate_hz, info.width, info.height) as writer:
        for k in range(samples(info.duration_s, rate_hz)):
            writer.add({"frame": k, "time_s": seconds(k, rate_hz), "person": 0, **whole})
        writer.close(info.duration_s)
