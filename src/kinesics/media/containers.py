"""Open media files, choose their streams, and put their time stamps on one axis.

Time 0 is the instant the first image is shown, whatever stamp the container gives it. Where stamps start anew, as in
recordings that were joined with ``cat``, the next part follows the one before.
"""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import av
from av.stream import Disposition

from kinesics.errors import KinesicsError

Stream = TypeVar("Stream", av.VideoStream, av.AudioStream)

#: A stamp this much before the latest one begins a new part. Frames are reordered by less.
RESTART_S = 1.0


@dataclass(frozen=True)
class Timeline:
    """Where the parts of a video lie: the stamp at which each begins, and its time, both in seconds."""

    begins_s: tuple[float, ...]
    times_s: tuple[float, ...]


class Clock:
    """Times of ascending stamps of one stream: ``time(stamp_s)`` in seconds from the first image."""

    def __init__(self, timeline: Timeline):
        self._timeline, self._part, self._latest = timeline, 0, float("-inf")

    def time(self, stamp_s: float) -> float:
        """Return the time of a stamp, given in the order of the stream."""
        if stamp_s < self._latest - RESTART_S and self._part + 1 < len(self._timeline.begins_s):
            self._part, self._latest = self._part + 1, stamp_s
        self._latest = max(self._latest, stamp_s)
        return stamp_s - self._timeline.begins_s[self._part] + self._timeline.times_s[self._part]


def ffmpeg_url(path: str | Path) -> str:
    """Return a local path in a form whose beginning FFmpeg does not take for a protocol, as that of ``10:30 talk.mp4``."""
    return f"file:{path}"


@contextmanager
def open_container(path: str | Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a media file; yield it and its stream of images (``choose``).

    Raises KinesicsError, naming the file and what to do, if it is missing, empty, a folder, not a video, without images, or
    without a decoder for them.
    """
    path = Path(path)
    if path.is_dir():
        raise KinesicsError(f"{path}: a folder, not a video")
    if not path.exists():
        raise KinesicsError(f"{path}: no such file")
    if path.is_file() and path.stat().st_size == 0:
        raise KinesicsError(f"{path}: the file is empty; get it again")
    if not path.is_file():
        raise KinesicsError(f"{path}: a pipe or a device, which is read once only: save it as a file")
    try:
        container = av.open(ffmpeg_url(path))
    except av.FFmpegError as error:
        raise KinesicsError(f"{path}: not a video, or cut off before its index: {error.strerror}") from None
    with container:
        # FFmpeg takes any text for a terminal recording, and the cover of a song for a video stream.
        images = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if container.format.name == "tty":
            raise KinesicsError(f"{path}: text, not a video")
        if not images:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
            raise KinesicsError(f"{path}: has no video stream (found: {kinds}); a video is needed")
        stream = choose(images)
        if stream is None:
            raise KinesicsError(f"{path}: no decoder for its video stream; re-encode it, for instance as H.264")
        stream.codec_context.thread_count = 1  # one core per video; several videos run side by side
        yield container, stream


def choose(streams: Sequence[Stream]) -> Stream | None:
    """Return the stream flagged default among those that can be decoded, else the first of them; None without a decoder.

    A still image beside moving ones, such as a thumbnail, is taken only if nothing else is there.
    """
    decodable = [stream for stream in streams if stream.codec_context is not None]
    return max(decodable, key=lambda s: (not _is_still(s), bool(s.disposition & Disposition.default)), default=None)


def _is_still(stream: av.VideoStream | av.AudioStream) -> bool:
    stills = ("mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpegls", "jpeg2000")
    return stream.type == "video" and stream.frames <= 1 and stream.codec_context.name in stills


def decode(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream, interlaced ones as full images. Empty packets (Theora repeats a frame so) are skipped."""
    deinterlacer = None
    for packet in container.demux(stream):
        if not packet.size and packet.dts is not None:  # the last one, empty and without a stamp, flushes the decoder
            continue
        for frame in packet.decode():
            if deinterlacer is None and frame.interlaced_frame:
                deinterlacer = _Deinterlacer()
            if deinterlacer is None:
                yield frame
            else:
                yield from deinterlacer.push(frame)
    if deinterlacer is not None:
        yield from deinterlacer.flush()


class _Deinterlacer:
    """FFmpeg's yadif, one image out for each in. Moving edges of interlaced images are combs, in which faces are not found."""

    def __init__(self) -> None:
        self._form: tuple | None = None
        self._graph: av.filter.Graph | None = None

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        form = frame.width, frame.height, frame.format.name
        if form != self._form:
            yield from self.flush()
            self._form, self._graph = form, av.filter.Graph()
            source = self._graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
            )
            self._graph.link_nodes(
                source, self._graph.add("yadif", "mode=send_frame:deint=interlaced"), self._graph.add("buffersink")
            ).configure()
        self._graph.push(frame)
        yield from self._pull()

    def flush(self) -> Iterator[av.VideoFrame]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pull()

    def _pull(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                yield self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return


def stamp_of(item: av.Packet | av.VideoFrame, path: str | Path) -> int:
    """Return when a packet or frame is shown, in units of its stream; AVI with B-frames has only the decoding order."""
    stamp = item.pts if item.pts is not None else item.dts
    if stamp is None:
        raise KinesicsError(
            f"{path}: its frames have no time stamps; "
            f"remux it: ffmpeg -i {shlex.quote(ffmpeg_url(path))} -c copy stamped.mp4"
        )
    return stamp
