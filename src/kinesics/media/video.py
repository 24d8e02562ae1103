"""Read frames of long videos at a rate, in constant memory, and a few of them by random access.

Frames are upright (the container's rotation applied) with square pixels (anamorphic video is stretched to its display
width): uint8 RGB, C-contiguous. Time 0 is the instant the first frame is shown, whatever time stamp the container gives it;
the frame at time t is the one shown then, so variable frame rates need no special care, and the last frame is held for
its duration. A file that was cut off is refused at once, not after hours of work on the part that is there.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from kinesics.errors import KinesicsError
from kinesics.structures.timegrid import index, samples, seconds

_CUT_S = 0.5  # containers round the duration they declare; a file that lacks more than this was cut off
_NEAR_S = 1e-6  # a frame stamped this little after a sample's time counts as shown then: time stamps are rounded


@dataclass(frozen=True)
class VideoInfo:
    """The size of the upright frame in square pixels, the duration, the mean frame rate, and whether there is sound."""

    width: int
    height: int
    duration_s: float
    rate_hz: float
    has_audio: bool


def probe_video(path: str | Path) -> VideoInfo:
    """Return the video info of a file. Reads all packets but decodes one frame: cheap, and the duration is exact.

    Raises KinesicsError, naming the file and what to do, if it is missing, empty, a folder, not a video, without
    frames, or cut off.
    """
    return _examine(path)[0]


def read_frames(path: str | Path, rate_hz: float) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yield (k, time_s, frame) for each k with time_s = k / rate_hz in [0, duration): frame is uint8 (height, width, 3).

    There are ``timegrid.samples(probe_video(path).duration_s, rate_hz)`` of them. Frames shown at several samples are the
    same array. Raises KinesicsError as ``probe_video`` does, and with the time reached where frames are damaged.
    """
    if not rate_hz > 0:
        raise KinesicsError(f"{path}: cannot sample at {rate_hz} Hz: the rate must be above 0")
    info, _ = _examine(path)
    times = (seconds(k, rate_hz) for k in range(samples(info.duration_s, rate_hz)))
    for k, (time_s, frame) in enumerate(_shown(path, info, times)):
        yield k, time_s, frame


def read_frame_at(path: str | Path, times_s: Sequence[float]) -> np.ndarray:
    """Return the frames shown at a few times, in any order, without decoding the whole video: uint8 (N, height, width, 3).

    decord2 seeks by its index of frames. Where that is wrong the video is decoded from the start instead: decord2 3.4.0
    allocates its buffer before it turns rotated frames, ignores the shape of pixels, and counts the frames that an edit
    list hides. Raises KinesicsError as ``read_frames`` does, and for a time outside [0, duration).
    """
    info, plain = _examine(path)
    times = np.asarray(times_s, float).reshape(-1)
    if (bad := times[~((times >= 0) & (times < info.duration_s))]).size:
        raise KinesicsError(f"{path}: time {bad[0]:g} s is outside of [0, {info.duration_s:g}) s")
    if plain and times.size and (frames := _seek(path, times, info.duration_s)) is not None:
        return frames
    out = np.empty((len(times), info.height, info.width, 3), np.uint8)
    order = np.argsort(times, kind="stable")
    for place, (_, frame) in zip(order, _shown(path, info, times[order].tolist()), strict=True):
        out[place] = frame
    return out


def _seek(path: str | Path, times: np.ndarray, duration_s: float) -> np.ndarray | None:
    """Return the frames shown at some times by decord's index, or None where that cannot be had."""
    try:
        import decord  # of the extra `vlm`: without it, videos are decoded from the start
    except ModuleNotFoundError:
        return None
    try:
        reader = decord.VideoReader(str(path), num_threads=1)
        shown_s = reader.get_frame_timestamp(np.arange(len(reader)))[:, 0]
        # decord keeps times in single precision, which may be a little late
        late_s = np.spacing(np.float32(duration_s)) + _NEAR_S
        return reader.get_batch((np.searchsorted(shown_s, times + late_s, side="right") - 1).clip(0)).asnumpy()
    except (RuntimeError, decord.DECORDError):
        return None  # still images, and damaged files, of which decoding from the start gives the time reached


def read_windows(
    path: str | Path, rate_hz: float, count: int, span_s: float
) -> Iterator[tuple[float, list[np.ndarray]]]:
    """Yield (time_s, frames) for each time k / rate_hz in [0, duration): the ``count`` frames about it, over ``span_s``.

    They are those of a grid at count / span_s Hz, half of them before the one shown at that time; where the video begins
    or ends, its first or last frame is repeated. Holds one window of frames. Raises KinesicsError as ``read_frames`` does.
    """
    grid_hz = count / span_s
    instants = [seconds(k, rate_hz) for k in range(samples(probe_video(path).duration_s, rate_hz))]
    due = deque((int(index(time_s, grid_hz)) + (count - 1) // 2, time_s) for time_s in instants)  # last frame, time
    held: deque[np.ndarray] = deque(maxlen=count)
    k, frame = -1, None
    for k, _, frame in read_frames(path, grid_hz):
        held.extend([frame] * (1 if held else count))
        while due and due[0][0] == k:
            yield due.popleft()[1], list(held)
    for last, time_s in due:
        held.extend([frame] * (last - k))
        k = last
        yield time_s, list(held)


def _shown(path: str | Path, info: VideoInfo, times_s: Iterable[float]) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time, frame shown then) for ascending times, decoding once from the start and holding two frames."""
    with open_container(path) as (container, stream):
        times = iter(times_s)
        time_s = next(times, None)
        shown, first, reached_s = None, None, 0.0
        decoded = container.decode(stream)
        while time_s is not None:
            try:
                following = next(decoded, None)
            except av.FFmpegError as error:
                raise KinesicsError(
                    f"{path}: damaged after {reached_s:.2f} s of {info.duration_s:.2f} s: {error.strerror}; "
                    f"repair or re-encode it, or cut it there"
                ) from None
            if following is not None:
                stamp = _stamp(following, path)
                first = stamp if first is None else first
                reached_s = float((stamp - first) * stream.time_base)
            elif shown is None:
                raise KinesicsError(f"{path}: none of its frames can be decoded")
            if shown is not None:
                frame = None
                while time_s is not None and (following is None or time_s < reached_s - _NEAR_S):
                    frame = _upright(shown, info) if frame is None else frame
                    yield time_s, frame
                    time_s = next(times, None)
            shown = following


def _examine(path: str | Path) -> tuple[VideoInfo, bool]:
    """Return the video info, and whether all frames are shown as they are stored: none hidden or turned, pixels square."""
    with open_container(path) as (container, stream):
        frame, begin, end, after = None, None, None, 0
        count = hidden = damaged = 0
        for packet in container.demux(stream):
            if frame is None:
                frame = _first_frame(packet)
            hidden += packet.is_discard
            if not packet.size or packet.is_discard:
                continue
            stamp = _stamp(packet, path)
            begin = stamp if begin is None else min(begin, stamp)
            if end is None or stamp >= end:
                end, after = stamp, packet.duration or 0
            damaged += packet.is_corrupt
            count += 1
        if frame is None:
            raise KinesicsError(f"{path}: none of its frames can be decoded")
        unit = float(stream.time_base)
        if not after:  # AVI gives no durations: the last frame stays as long as the frames before did on average
            after = (end - begin) / (count - 1) if count > 1 else 1 / float(stream.guessed_rate or 25) / unit
        duration_s = (end + after - begin) * unit
        declared_s = float(stream.duration or 0) * unit
        if damaged or declared_s - duration_s > _CUT_S:
            raise KinesicsError(
                f"{path}: cut off: it holds {duration_s:.2f} s of {max(declared_s, duration_s):.2f} s; get the whole file, or "
                f"keep what is there with: ffmpeg -i {path} -t {max(duration_s - 0.5, 0):.2f} whole.mp4"
            )
        pixel = stream.sample_aspect_ratio or 1
        turned = _quarter_turns(frame)
        width, height = max(round(frame.width * pixel), 1), frame.height
        if turned % 2:
            width, height = height, width
        info = VideoInfo(width, height, duration_s, count / duration_s, bool(container.streams.audio))
        return info, turned == 0 and pixel == 1 and not hidden


@contextmanager
def open_container(path: str | Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open a video and select its first stream of frames. Raises KinesicsError naming the file and what is wrong with it."""
    path = Path(path)
    if path.is_dir():
        raise KinesicsError(f"{path}: a folder, not a video")
    if not path.exists():
        raise KinesicsError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise KinesicsError(f"{path}: the file is empty; get it again")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise KinesicsError(f"{path}: not a video, or cut off before its index: {error.strerror}") from None
    with container:
        # FFmpeg takes any text for a terminal recording, and the cover of a song for a video stream.
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if container.format.name == "tty":
            raise KinesicsError(f"{path}: text, not a video")
        if not streams:
            kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
            raise KinesicsError(f"{path}: has no video stream (found: {kinds}); a video is needed")
        stream = streams[0]
        if stream.codec_context is None:
            raise KinesicsError(f"{path}: no decoder for its frames; re-encode it, for instance as H.264")
        stream.codec_context.thread_count = 1  # one core per video; several videos run side by side
        yield container, stream


def _first_frame(packet: av.Packet) -> av.VideoFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None  # streams may begin between key frames; later damage is reported with its time


def _stamp(item: av.Packet | av.VideoFrame, path: str | Path) -> int:
    """Return when a packet or frame is shown, in units of the stream; AVI with B-frames has only the decoding order."""
    stamp = item.pts if item.pts is not None else item.dts
    if stamp is None:
        raise KinesicsError(f"{path}: its frames have no time stamps; remux it: ffmpeg -i {path} -c copy stamped.mp4")
    return stamp


def _quarter_turns(frame: av.VideoFrame) -> int:
    return round(frame.rotation / 90) % 4


def _upright(frame: av.VideoFrame, info: VideoInfo) -> np.ndarray:
    """Return the frame as uint8 RGB (height, width, 3) of the video's size; streams may change theirs midway."""
    turns = _quarter_turns(frame)
    width, height = (info.height, info.width) if turns % 2 else (info.width, info.height)
    stored = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(stored, turns))  # PyAV pads its rows, which MediaPipe would read as pixels
