"""Open media files, decode their streams, and put their time stamps on one axis.

Time 0 is the instant the first image is shown, whatever stamp the container gives it. Where stamps start anew, as in
recordings that were joined with ``cat``, the next part follows the one before.
"""

import errno
import shlex
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import av

from kinesics.errors import KinesicsError
from kinesics.io.files import is_text
from kinesics.media.complaints import Complaints
from kinesics.media.streams import AS_IT_COMES, ReadOptions, Stream, choose, images_of
from kinesics.media.truncation import is_transport

#: A stamp this much before the latest one begins a new part. Frames are reordered by less.
RESTART_S = 1.0
#: So does one this much after it: FFmpeg takes stamps of MPEG that start anew for an overflow of their 33 bits, 26 hours.
OVERFLOW_S = 12 * 3600.0
#: Of packets that cannot be decoded all may be passed over.
ANY_LOST = float("inf")
_JOIN = 3  # packets


@dataclass(frozen=True)
class Timeline:
    """Where the parts of a video lie: the stamp at which each begins, and its time, both in seconds.

    ``places`` are the bytes of the file at which the first and the last image of each part are stored, -1 where not known.
    """

    begins_s: tuple[float, ...]
    times_s: tuple[float, ...]
    places: tuple[tuple[int, int], ...] = ()


class Clock:
    """Times of ascending stamps of one stream: ``time(stamp_s)`` in seconds from the first image."""

    def __init__(self, timeline: Timeline):
        self._timeline, self._part, self._latest = timeline, 0, float("-inf")
        self._placed = False

    def place(self, packet: av.Packet) -> None:
        """Let the stamps that follow be of the part in which a packet of sound is stored: parts may have none.

        What is stored between the images of two parts follows the sound before it, or else the images that are nearer.
        """
        places = self._timeline.places
        if len(places) < 2 or min(places)[0] < 0 or packet.pos is None or packet.pts is None:
            return
        stamp_s, before = float(packet.pts * packet.time_base), self._part if self._placed else -1
        part = max(sum(first <= packet.pos for first, _ in places) - 1, 0)
        if part + 1 < len(places) and packet.pos > places[part][1]:
            if before >= part:
                part = before if not starts_anew(stamp_s - self._latest) else part + 1
            else:
                part += places[part + 1][0] - packet.pos < packet.pos - places[part][1]
        self._part, self._placed = max(part, before), True
        self._latest = stamp_s if self._part > before else max(self._latest, stamp_s)

    def time(self, stamp_s: float) -> float:
        """Return the time of a stamp, given in the order of the stream."""
        if not self._placed and starts_anew(stamp_s - self._latest) and self._part + 1 < len(self._timeline.begins_s):
            self._part, self._latest = self._part + 1, stamp_s
        self._latest = max(self._latest, stamp_s)
        return stamp_s - self._timeline.begins_s[self._part] + self._timeline.times_s[self._part]


def starts_anew(step_s: float) -> bool:
    """Return whether a stamp that lies a step after the latest one begins a new part."""
    return step_s < -RESTART_S or OVERFLOW_S < step_s < float("inf")


def ffmpeg_url(path: str | Path) -> str:
    """Return a local path in a form whose beginning FFmpeg does not take for a protocol, as that of ``10:30 talk.mp4``."""
    return f"file:{path}"


@contextmanager
def open_container(
    path: str | Path, options: ReadOptions = AS_IT_COMES, complaints: Complaints | None = None
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a media file; yield it and its stream of images (``streams.choose``).

    Raises KinesicsError, naming the file and what to do, if it is missing, empty, a folder, not a video, without images, or
    without a decoder for them. FFmpeg reads the begin of the file, and may add to ``complaints``.
    """
    path = Path(path)
    if path.is_dir():
        raise KinesicsError(f"{path}: a folder, not a video: name the files in it")
    if not path.exists():
        raise KinesicsError(f"{path}: no such file")
    if path.is_file() and path.stat().st_size == 0:
        raise KinesicsError(f"{path}: the file is empty; get it again")
    if not path.is_file():
        raise KinesicsError(f"{path}: a pipe or a device, which is read once only: save it as a file")
    try:
        try:
            container = (complaints or Complaints()).during(
                lambda: av.open(ffmpeg_url(path), metadata_errors="replace")
            )
        except av.EOFError:  # too short for FFmpeg to find out what it is
            if not is_transport(path):
                raise
            container = av.open(ffmpeg_url(path), format="mpegts", metadata_errors="replace")
    except av.FFmpegError as error:
        if is_text(path):
            raise KinesicsError(f"{path}: not a video, but text") from None
        raise KinesicsError(f"{path}: not a video, or cut off before its index: {error.strerror}") from None
    with container:
        images = images_of(container)
        if container.format.name == "tty":  # FFmpeg takes any text for a terminal recording
            raise KinesicsError(f"{path}: not a video, but text")
        if not images:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
            raise KinesicsError(f"{path}: has no video stream (found: {kinds}); a video is needed")
        stream = choose(path, images, "video", options.video_stream)
        stream.codec_context.thread_count = 1  # one core per video; several videos run side by side
        yield container, stream


def read_packets(
    container: av.container.InputContainer, streams: Sequence[av.stream.Stream], complaints: Complaints
) -> Iterator[av.Packet]:
    """Yield the packets of some streams, or of all if none are named. Raises av.FFmpegError where a file is damaged."""
    packets, lost = container.demux(*streams), 0
    latest_s = float("-inf")
    while True:
        try:
            packet = complaints.during(lambda: next(packets, None))
        except IndexError:  # of PyAV, for a stream that is not in the header
            raise av.InvalidDataError(errno.EINVAL, "a stream that is not in the header") from None
        if packet is None:
            return
        if packet.dts is not None:
            time_s = float(packet.dts * packet.time_base)
            # where recordings were joined, counters of packets jump as if some were lost
            lost = 0 if starts_anew(time_s - latest_s) else lost + 1 if lost or packet.is_corrupt else 0
            if lost > _JOIN:
                complaints.add("packets were lost")
                lost = 0
            latest_s = time_s
        yield packet


def decoded_frames(
    container: av.container.InputContainer,
    stream: Stream,
    most_lost: float,
    complaints: Complaints,
    observe: Callable[[av.Packet], object] = id,
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Yield the frames of a stream as they are stored, passing over ``most_lost`` packets in a row that cannot be decoded.

    Each packet is given to ``observe`` before it is decoded.

    Raises av.FFmpegError where there are more. With ``ANY_LOST`` frames end where the file can no longer be read.
    """
    lost, begins, due = 0, True, deque[int]()
    try:
        for packet in read_packets(container, [stream], complaints):
            if not packet.size and packet.dts is not None:  # Theora repeats a frame so; the last packet has no stamp
                continue
            observe(packet)
            try:
                frames = complaints.during(packet.decode)
                lost = 0
            except av.FFmpegError as error:
                lost += 1
                complaints.add(f"{stream.codec_context.name}: {error.strerror}")
                if lost > most_lost:
                    raise
                continue
            # Without stamps of images, each image that is shown has the next one of the packets.
            if packet.size and packet.dts is not None and stream.type == "video" and lacks_stamps(container, packet):
                due.append(packet.dts)
            for frame in frames:
                if begins and declares_nothing(container):  # a broadcast, received from any place on
                    complaints.forget()
                begins = False
                if due:
                    frame.pts = due.popleft()
                yield frame
    except av.FFmpegError:
        if most_lost < ANY_LOST:
            raise
        with suppress(av.FFmpegError):
            for frame in stream.codec_context.decode(None):  # what the decoder holds
                frame.time_base = stream.time_base
                yield frame


def decode(
    container: av.container.InputContainer, stream: av.VideoStream, accept_damaged: bool, complaints: Complaints
) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream, interlaced ones as full images; with ``accept_damaged`` all that can be decoded."""
    deinterlacer = None
    for frame in decoded_frames(container, stream, ANY_LOST if accept_damaged else 0, complaints):
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


def declares_nothing(container: av.container.InputContainer) -> bool:
    """Return whether a container is a stream of MPEG (TS, PS), which declares neither its length nor where it begins."""
    return "mpeg" in container.format.name


def lacks_stamps(container: av.container.InputContainer, packet: av.Packet) -> bool:
    """Return whether a packet has no stamp of when its image is shown: AVI has only the order of decoding."""
    return packet.pts is None or container.format.name == "avi"


def stamp_of(item: av.Packet | av.VideoFrame, path: str | Path) -> int:
    """Return when a packet or frame is shown, in units of its stream, or else when it is decoded."""
    stamp = item.pts if item.pts is not None else item.dts
    if stamp is None:
        raise KinesicsError(
            f"{path}: its frames have no time stamps; "
            f"encode it anew: ffmpeg -i {shlex.quote(ffmpeg_url(path))} stamped.mp4"
        )
    return stamp
