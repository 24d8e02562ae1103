"""Process a part of the videos of a benchmark, as one job of a cluster: tracks, then features, one file per video."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd

from kinesics.encoders.extract import encode_crops
from kinesics.errors import KinesicsError
from kinesics.media.video import probe_video, read_frames
from kinesics.perception.tracking import track
from kinesics.structures.timegrid import samples, seconds
from kinesics.structures.tracks import TracksWriter
from kinesics_paper.datasets.base import shard_videos
from kinesics_paper.datasets.index import load_index
from kinesics_paper.datasets.parsing import image_files


@dataclass(frozen=True)
class Shard:
    """The part ``number`` (from 0) of ``count`` of the videos whose index lies in the folder ``index``."""

    index: str | Path
    number: int
    count: int

    @classmethod
    def parse(cls, index: str | Path, name: str) -> "Shard":
        """Return the shard that the workflow calls ``<number>-of-<count>``."""
        number, _, count = name.partition("-of-")
        return cls(index, int(number), int(count))

    def videos(self) -> Iterator[tuple[str, AbstractContextManager[Path]]]:
        """Yield (name, context manager that gives the path of a video file) of each video."""
        table = load_index(self.index).videos.set_index("video")
        for name in shard_videos(table.index, self.number, self.count):
            yield name, open_video(table.loc[name])


def track_shard(
    shard: Shard, networks: Path, out: str | Path, *, see: str, rate_hz: float, max_people: int, workers: int = 1
) -> list[Path]:
    """Write the tracks of a shard's videos into ``out``; return their paths.

    With ``see`` frame nobody is tracked, and the whole frame is the box of person 0. Raises KinesicsError naming the video.
    """
    paths = []
    for name, video in shard.videos():
        paths.append(Path(out) / f"{name}.parquet")
        with video as path:
            if see == "frame":
                _write_whole_frames(path, name, rate_hz, paths[-1])
            else:
                track(
                    path,
                    networks,
                    paths[-1],
                    name=name,
                    rate_hz=rate_hz,
                    max_people=max_people,
                    workers=workers,
                    progress=False,
                )
    return paths


def encode_shard(
    shard: Shard, tracks: str | Path, encoder: str, weights: str | Path, out: str | Path, *, see: str, rate_hz: float
) -> list[Path]:
    """Write the features of a shard's videos into ``out``, from their tracks in the folder ``tracks``; return their paths."""
    crops = ("person",) if see == "frame" else None
    paths = []
    for name, video in shard.videos():
        paths.append(Path(out) / f"{name}.safetensors")
        tracks_file = Path(tracks) / f"{name}.parquet"
        with video as path:
            encode_crops(
                path, tracks_file, encoder, weights, paths[-1], name=name, rate_hz=rate_hz, crops=crops, progress=False
            )
    return paths


@contextmanager
def open_video(row: pd.Series) -> Iterator[Path]:
    """Give the path of a video of the index: its own file, or a temporary one of its images or of its part of the file."""
    path = Path(row["path"])
    if not path.exists():
        raise KinesicsError(f"{path}: no such file; it was there when the data set was indexed: index it again")
    if path.is_file() and row["start_s"] == 0:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "video.mp4"
        if path.is_dir():
            _write_video(temporary, map(_read_image, image_files(path)), row["rate_hz"])
        else:
            _write_video(temporary, _read_part(path, row["start_s"], row["duration_s"]), _frame_rate_hz(path))
        yield temporary


def _frame_rate_hz(path: Path) -> float:
    return round(probe_video(path).rate_hz, 3)


def _read_part(path: Path, start_s: float, duration_s: float) -> Iterator[np.ndarray]:
    rate_hz = _frame_rate_hz(path)
    first, last = samples(start_s, rate_hz), samples(start_s + duration_s, rate_hz)
    for k, _, frame in read_frames(path, rate_hz):
        if k >= last:
            return
        if k >= first:
            yield frame


def _read_image(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise KinesicsError(f"{path}: not an image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _write_video(path: Path, images: Iterator[np.ndarray], rate_hz: float) -> None:
    """Write images as H.264, nearly without loss; an odd row or column at the edge is left out."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = None
        for number, image in enumerate(images):
            height, width = (size // 2 * 2 for size in image.shape[:2])
            if stream is None:
                stream = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.thread_count = 1
                stream.codec_context.options = {"preset": "superfast", "crf": "12"}
                time_base = 1 / Fraction(rate_hz).limit_denominator(1001)
                stream.time_base = stream.codec_context.time_base = time_base
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            frame.pts, frame.time_base = number, time_base
            container.mux(stream.encode(frame))
        if stream is None:
            raise KinesicsError(f"{path}: no images to write")
        container.mux(stream.encode())


def _write_whole_frames(path: Path, name: str, rate_hz: float, out: Path) -> None:
    info = probe_video(path)
    whole = {"person_x0": 0.0, "person_y0": 0.0, "person_x1": 1.0, "person_y1": 1.0}
    with TracksWriter(out, name, rate_hz, info.width, info.height) as writer:
        for k in range(samples(info.duration_s, rate_hz)):
            writer.add({"frame": k, "time_s": seconds(k, rate_hz), "person": 0, **whole})
        writer.close(info.duration_s)
