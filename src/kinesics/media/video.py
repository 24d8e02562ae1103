"""Read frames of long videos at a rate, in constant memory, and a few of them by random access.

Frames are upright (the container's rotation applied) with square pixels (anamorphic video is stretched to its display
width): uint8 RGB, C-contiguous. Time 0 is the instant the first frame is shown, whatever time stamp the container gives it;
the frame at time t is the one shown then, so variable frame rates need no special care, and the last frame is held for
its duration. A file that was cut off is refused at once, not after hours of work on the part that is there.
"""

import shlex
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.media.colour import is_hdr, tone_map
from kinesics.media.containers import RESTART_S, Clock, Timeline, decode, ffmpeg_url, open_container, stamp_of
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
    """Return a video's size, duration, rate, and whether it has sound.

    Reads all packets but decodes one frame: cheap, and the duration is exact.

    Raises KinesicsError, naming the file and what to do, if it is missing, empty, a folder, not a video, without
    frames, or cut off.
    """
    return examine(path)[0]


def read_frames(path: str | Path, rate_hz: float) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yield (k, time_s, frame) for each k with time_s = k / rate_hz in [0, duration): frame is uint8 (height, width, 3).

    There are ``timegrid.samples(probe_video(path).duration_s, rate_hz)`` of them. Frames shown at several samples are the
    same array. Raises KinesicsError as ``probe_video`` does, and with the time reached where frames are damaged.
    """
    if not rate_hz > 0:
        raise KinesicsError(f"{path}: cannot sample at {rate_hz} Hz: the rate must be above 0")
    info, timeline, _ = examine(path)
    times = (seconds(k, rate_hz) for k in range(samples(info.duration_s, rate_hz)))
    for k, (time_s, frame) in enumerate(_shown(path, info, timeline, times)):
        yield k, time_s, frame


def read_frame_at(path: str | Path, times_s: Sequence[float]) -> np.ndarray:
    """Return the frames shown at a few times, in any order: uint8 (N, height, width, 3).

    They are those that decoding in order gives. decord2 seeks by its index of frames, which is right in MP4 with H.264 alone
    and where that index has the stamps of the packets; every other video is decoded from the start. (decord2 3.4.0 is up to
    2 s late in MPEG-TS, MPEG-PS, ASF and AVI with B-frames and in HEVC, hangs in M2TS, allocates its buffer before it turns
    rotated images, ignores the shape of pixels, and counts the frames that an edit list hides.) Raises KinesicsError as
    ``read_frames`` does, and for a time outside [0, duration).
    """
    info, timeline, stamps = examine(path)
    times = np.asarray(times_s, float).reshape(-1)
    if (bad := times[~((times >= 0) & (times < info.duration_s))]).size:
        raise KinesicsError(f"{path}: time {bad[0]:g} s is outside of [0, {info.duration_s:g}) s")
    if stamps is not None and times.size and (frames := _seek(path, times, stamps, info.duration_s)) is not None:
        return frames
    out = np.empty((len(times), info.height, info.width, 3), np.uint8)
    order = np.argsort(times, kind="stable")
    for place, (_, frame) in zip(order, _shown(path, info, timeline, times[order].tolist()), strict=True):
        out[place] = frame
    return out


def _seek(path: str | Path, times: np.ndarray, stamps: np.ndarray, duration_s: float) -> np.ndarray | None:
    """Return the frames shown at some times by decord's index, or None where that is not the one of the packets."""
    try:
        import decord  # of the extra `vlm`: without it, videos are decoded from the start
    except ModuleNotFoundError:
        return None
    try:
        reader = decord.VideoReader(ffmpeg_url(path), num_threads=1)
        shown_s = reader.get_frame_timestamp(np.arange(len(reader)))[:, 0]
        # decord keeps times in single precision, which may be a little late
        late_s = np.spacing(np.float32(duration_s)) + _NEAR_S
        if len(shown_s) != len(stamps) or np.abs(shown_s - shown_s[0] - stamps).max() > 2 * late_s:
            return None
        return reader.get_batch((np.searchsorted(shown_s, times + late_s, side="right") - 1).clip(0)).asnumpy()
    except (RuntimeError, decord.DECORDError, UnicodeEncodeError):
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


def _shown(
    path: str | Path, info: VideoInfo, timeline: Timeline, times_s: Iterable[float]
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time, frame shown then) for ascending times, decoding once from the start and holding two frames."""
    clock = Clock(timeline)
    with open_container(path) as (container, stream):
        times = iter(times_s)
        time_s = next(times, None)
        shown, reached_s = None, 0.0
        decoded = decode(container, stream)
        while time_s is not None:
            try:
                following = next(decoded, None)
            except av.FFmpegError as error:
                raise KinesicsError(
                    f"{path}: damaged after {reached_s:.2f} s of {info.duration_s:.2f} s: {error.strerror}; "
                    f"repair or re-encode it, or cut it there"
                ) from None
            if following is not None:
                reached_s = clock.time(float(stamp_of(following, path) * following.time_base))
            elif shown is None:
                raise KinesicsError(f"{path}: none of its frames can be decoded")
            if shown is not None:
                image = None
                while time_s is not None and (following is None or time_s < reached_s - _NEAR_S):
                    image = _upright(shown, info) if image is None else image
                    yield time_s, image
                    time_s = next(times, None)
            shown = following


class _Part:
    """The stamps of a part of a video, in units of its stream: of its first image, of its last, and how long that is shown."""

    def __init__(self, begin: int) -> None:
        self.begin, self.last, self.after, self.count = begin, begin, 0, 0

    def add(self, stamp: int, duration: int) -> None:
        self.begin = min(self.begin, stamp)
        if stamp >= self.last:
            self.last, self.after = stamp, duration
        self.count += 1

    def duration_s(self, unit: float, rate_hz: float) -> float:
        """Return the length; AVI gives no durations: the last image stays as long as those before did on average."""
        mean = (self.last - self.begin) / (self.count - 1) if self.count > 1 else 1 / rate_hz / unit
        return (self.last + (self.after or mean) - self.begin) * unit


def examine(path: str | Path) -> tuple[VideoInfo, Timeline, np.ndarray | None]:
    """Return a video's info, its timeline, and the stamps of its images (N,) from the first, ascending, in seconds.

    The stamps are None where not all images are shown as they are stored, or random access is not known to be right.
    """
    with open_container(path) as (container, stream):
        frame, parts, stamps, unit = None, [], [], float(stream.time_base)
        hidden, cut, reached_s = 0, False, 0.0
        key, leading = None, False  # images stored after a key image and shown before it make seeking wrong
        # Matroska declares the length of the file and not of its streams: that of all is compared.
        for packet in container.demux() if _is_matroska(container) else container.demux(stream):
            if packet.pts is not None and packet.size:
                reached_s = max(reached_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index != stream.index:
                continue
            if frame is None:
                frame = _first_frame(packet)
            hidden += packet.is_discard
            if (not packet.size and packet.dts is None) or packet.is_discard:
                continue
            stamp = stamp_of(packet, path)
            if not parts or (stamp - parts[-1].last) * unit < -RESTART_S:
                parts.append(_Part(stamp))
            parts[-1].add(stamp, packet.duration or 0)
            stamps.append(stamp)
            key = stamp if packet.is_keyframe else key
            leading = leading or (key is not None and stamp < key)
            cut = packet.is_corrupt  # of the last one: a few that were lost on the way leave the rest whole
        if frame is None:
            raise KinesicsError(f"{path}: none of its frames can be decoded")
        lengths = [part.duration_s(unit, float(stream.guessed_rate or 25)) for part in parts]
        duration_s = sum(lengths)
        _refuse_cut(path, container, stream, duration_s, reached_s, cut)
        timeline = Timeline(
            tuple(part.begin * unit for part in parts), tuple(sum(lengths[:k]) for k in range(len(lengths)))
        )
        pixel = stream.sample_aspect_ratio or 1
        turned = _quarter_turns(frame)
        width, height = max(round(frame.width * pixel), 1), frame.height
        if turned % 2:
            width, height = height, width
        count = sum(part.count for part in parts)
        info = VideoInfo(width, height, duration_s, count / duration_s, bool(container.streams.audio))
        plain = (
            turned == 0
            and pixel == 1
            and not hidden
            and len(parts) == 1
            and not is_hdr(frame)
            and not frame.interlaced_frame
        )
        indexed = "mp4" in container.format.name and stream.codec_context.name == "h264" and not leading
        return info, timeline, (np.sort(stamps) - parts[0].begin) * unit if plain and indexed else None


def _refuse_cut(path: str | Path, container, stream, duration_s: float, reached_s: float, cut: bool) -> None:
    """Raise KinesicsError if a file holds less than it declares, or ends within a packet."""
    if _is_matroska(container):
        declared_s = (container.duration or 0) / av.time_base
        lacking_s = declared_s - reached_s
    else:
        declared_s = float((stream.duration or 0) * stream.time_base)
        lacking_s = declared_s - duration_s
    if cut or lacking_s > _CUT_S:
        raise KinesicsError(
            f"{path}: cut off: it holds {duration_s:.2f} s of {max(declared_s, duration_s):.2f} s; get the whole file, or "
            f"keep what is there with: ffmpeg -i {shlex.quote(ffmpeg_url(path))} -t {max(duration_s - 0.5, 0):.2f} whole.mp4"
        )


def _is_matroska(container: av.container.InputContainer) -> bool:
    return "matroska" in container.format.name


def _first_frame(packet: av.Packet) -> av.VideoFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None  # streams may begin between key frames; later damage is reported with its time


def _quarter_turns(frame: av.VideoFrame) -> int:
    return round(frame.rotation / 90) % 4


def _upright(frame: av.VideoFrame, info: VideoInfo) -> np.ndarray:
    """Return the frame as uint8 RGB (height, width, 3) of the video's size; streams may change theirs midway."""
    turns = _quarter_turns(frame)
    width, height = (info.height, info.width) if turns % 2 else (info.width, info.height)
    if is_hdr(frame):
        stored = tone_map(frame.to_ndarray(format="rgb48le", width=width, height=height), frame.color_trc)
    else:
        stored = frame.to_ndarray(format="rgb24", width=width, height=height)
    return np.ascontiguousarray(np.rot90(stored, turns))  # PyAV pads its rows, which MediaPipe would read as pixels
