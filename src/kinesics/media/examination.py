"""Examine a video before it is read: its size and duration, when its images are shown, and whether it is whole.

All packets are read, but only the first image is decoded: cheap, and the duration is exact. A file that was cut off is refused
at once, not after hours of work on the part that is there.
"""

import shlex
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import av
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.media.complaints import Complaints
from kinesics.media.containers import (
    ANY_LOST,
    Clock,
    Timeline,
    declares_nothing,
    decoded_frames,
    ffmpeg_url,
    lacks_stamps,
    open_container,
    read_packets,
    stamp_of,
    starts_anew,
)
from kinesics.media.orientation import Orientation, orientation_of
from kinesics.media.streams import AS_IT_COMES, STILLS, ReadOptions, choose, decodable, images_of
from kinesics.media.truncation import ends_early
from kinesics.structures.timegrid import LONGEST_S

_CUT_S = 0.5  # containers round the duration they declare; a file that lacks more than this was cut off
#: Stamps that reach this many times farther than the file declares are damaged.
_TOO_FAR = 10
_FASTEST_HZ = 1000
_ROUNDED = 2  # images that may be lacking at the end
#: Brands of MP4 files that hold pictures.
_PICTURES = ("avif", "heic", "heix", "mif1")


@dataclass(frozen=True)
class VideoInfo:
    """The size of the upright frame in square pixels, the duration, the mean frame rate, and whether there is sound.

    ``video_stream`` and ``audio_stream`` are the numbers of the streams of images and sound where there are others of their
    kind, else None. ``damaged_after_s`` is the time up to which a damaged file is whole that was read with
    ``accept_damaged``: where decoding first fails, or where it was cut off.
    """

    width: int
    height: int
    duration_s: float
    rate_hz: float
    has_audio: bool
    video_stream: int | None = None
    audio_stream: int | None = None
    damaged_after_s: float | None = None


@dataclass(frozen=True)
class Examination:
    """The facts about a video, its timeline, and for random access the stamps of its images and key images, both ascending.

    Stamps are in units of the stream, ``unit_s``; there are none where images are not shown as they are stored, or where the
    file does not say which are key images. ``flaw`` says what is wrong with the number of images, if anything is.
    """

    info: VideoInfo
    timeline: Timeline
    stamps: np.ndarray
    keys: np.ndarray
    unit_s: float
    flaw: str = ""
    orientation: Orientation = field(default_factory=Orientation)  # of images that have none of their own
    reported: set[str] = field(default_factory=set, compare=False)  # of which damage a line was printed


def examine(path: str | Path, options: ReadOptions = AS_IT_COMES) -> Examination:
    """Examine a video, once as long as its file does not change.

    Raises KinesicsError, naming the file and what to do, if it is missing, empty, a folder, a still picture, not a video,
    without frames, or without the stream of a given number; unless damage is accepted, if it is cut off.
    """
    try:
        status = Path(path).stat()
    except OSError:
        return _examine(Path(path), options, ())
    return _examine(Path(path), options, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


def reading_note(path: str | Path, options: ReadOptions, sound: bool) -> str | None:
    """Return a line that says which streams are read, where there is a choice, and that a file is damaged; else None.

    ``sound`` says whether sound is read as well. Raises KinesicsError as ``examine`` does.
    """
    info = examine(path, options).info
    taken = [(info.video_stream, "video"), (info.audio_stream if sound else None, "audio")]
    parts = []
    if any(number is not None for number, _ in taken):
        with open_container(path, options) as (container, _):
            candidates = {"video": images_of(container), "audio": container.streams.audio}
            parts = [
                f"takes {kind} stream {number} of {', '.join(str(s.index) for s in candidates[kind])} "
                f"(another: --{kind}-stream)"
                for number, kind in taken
                if number is not None
            ]
    if info.damaged_after_s is not None:
        parts.append(
            f"damaged after {info.damaged_after_s:.2f} s: what can be read of {info.duration_s:.2f} s is analysed"
        )
    return f"{path}: {'; '.join(parts)}" if parts else None


class _Part:
    """The stamps of a part of a video, in units of its stream: of its first image, of its last, and how long that is shown."""

    def __init__(self, begin: int) -> None:
        self.begin, self.last, self.after, self.count = begin, begin, 0, 0
        self.places = (-1, -1)

    def add(self, stamp: int, duration: int, place: int | None) -> None:
        self.begin = min(self.begin, stamp)
        if stamp >= self.last:
            self.last, self.after = stamp, duration
        self.count += 1
        place = -1 if place is None else place
        self.places = (self.places[0] if self.count > 1 else place, place)

    def duration_s(self, unit: float, rate_hz: float) -> float:
        """Return the length; AVI gives no durations: the last image stays as long as those before did on average."""
        usual = 1 / rate_hz / unit
        mean = (self.last - self.begin) / (self.count - 1) if self.count > 1 else usual
        after = self.after if self.count > 1 or self.after > usual / 2 else 0  # ASF gives single images a millisecond
        return (self.last + (after or mean) - self.begin) * unit


@lru_cache(maxsize=8)
def _examine(path: Path, options: ReadOptions, identity: tuple[int, ...]) -> Examination:
    with open_container(path, options) as (container, stream):
        sounds = container.streams.audio
        sound = (
            choose(path, sounds, "audio", options.audio_stream)
            if decodable(sounds) or options.audio_stream is not None
            else None
        )
        other = len(images_of(container)) > 1
        packets = _read_packets(path, container, stream, options.accept_damaged)
        frame, parts, unit = packets.first, packets.parts, float(stream.time_base)
        if frame is None:
            raise KinesicsError(f"{path}: none of its frames can be decoded")
        _refuse_picture(path, container, stream, len(packets.stamps))
        lengths = [part.duration_s(unit, _rate(stream)) for part in parts]
        duration_s = sum(lengths)
        lacking_s, declared_s = _lacking(container, stream, duration_s + packets.lead * unit, packets.reached_s)
        cut = packets.cut or lacking_s > _CUT_S or ends_early(path, container.format.name)
        if not options.accept_damaged:
            _refuse_cut(path, cut, duration_s, declared_s)
        _refuse_stamps(path, duration_s, declared_s)
        timeline = Timeline(
            tuple(part.begin * unit for part in parts),
            tuple(sum(lengths[:k]) for k in range(len(lengths))),
            tuple(part.places for part in parts),
        )
        pixel = stream.sample_aspect_ratio or 1
        orientation = orientation_of(frame) or Orientation()
        width, height = max(round(frame.width * pixel), 1), frame.height
        if orientation.turns % 2:
            width, height = height, width
        indexed = any(name in container.format.name for name in ("mp4", "matroska"))
        plain = not (packets.hidden or len(parts) > 1 or frame.interlaced_frame or options.accept_damaged)
        number = stream.index if other else None
        flaw = "" if cut else _flaw(container, stream, packets)
        if _declares_whole(container) and declared_s and lacking_s < -_CUT_S:
            flaw = f"time stamps reach {-lacking_s:.2f} s beyond the {declared_s:.2f} s that are declared"
        audio_number = sound.index if sound and len(sounds) > 1 else None
    damaged_s = _first_damage(path, options, timeline) if options.accept_damaged else None
    if options.accept_damaged and (cut or flaw):
        ends = [
            damaged_s,
            duration_s if cut else None,
            0.0 if flaw and damaged_s is None else None,
        ]  # a flaw is anywhere
        damaged_s = min(end for end in ends if end is not None)
    damaged_s = None if damaged_s is None else round(damaged_s, 3)
    rate_hz = len(packets.stamps) / duration_s
    info = VideoInfo(width, height, duration_s, rate_hz, bool(sounds), number, audio_number, damaged_s)
    stamps, keys = (np.sort(of if plain and indexed else []).astype(int) for of in (packets.stamps, packets.keys))
    return Examination(info, timeline, stamps, keys, unit, flaw, orientation)


def _rate(stream: av.VideoStream) -> float:
    """Return the frame rate by which the last image is shown if nothing else says it; ASF gives single images 1000 Hz."""
    rate_hz = float(stream.guessed_rate or 0)
    return rate_hz if 0 < rate_hz < _FASTEST_HZ else 25.0


class _Packets:
    """What the packets of a file hold: the first image, the parts, the stamps of all images, and how far the file reaches."""

    def __init__(self) -> None:
        self.first: av.VideoFrame | None = None
        self.parts: list[_Part] = []
        self.stamps: list[int] = []
        self.keys: list[int] = []
        self.reached_s = 0.0
        self.hidden, self.cut = 0, False
        self.lead = 0  # by how much the first image that can be decoded is later than the first that is there

    def begin_at(self, stamp: int) -> None:
        """Leave out the images before the first that can be decoded: their key image was cut away."""
        if self.parts and self.parts[0].begin < stamp <= self.parts[0].last:
            self.lead = stamp - self.parts[0].begin
            self.parts[0].begin = stamp
            before = sum(other < stamp for other in self.stamps[: self.parts[0].count])
            self.stamps = [other for k, other in enumerate(self.stamps) if other >= stamp or k >= self.parts[0].count]
            self.parts[0].count -= before
            self.hidden += before


def _read_packets(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, accept_damaged: bool
) -> _Packets:
    """Read all packets. Raises KinesicsError where the file can no longer be read, unless damage is accepted."""
    seen, unit = _Packets(), float(stream.time_base)
    try:
        # Some formats declare the length of the file and not of its streams: that of all is compared.
        wanted = [] if _declares_whole(container) else [stream]
        for packet in read_packets(container, wanted, Complaints()):
            if packet.pts is not None and packet.size:
                seen.reached_s = max(seen.reached_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index != stream.index:
                continue
            if seen.first is None:
                seen.first = _first_frame(packet)
            seen.hidden += packet.is_discard
            if (not packet.size and packet.dts is None) or packet.is_discard:
                continue
            stamp = packet.dts if lacks_stamps(container, packet) and packet.dts is not None else stamp_of(packet, path)
            if not seen.parts or starts_anew((stamp - seen.parts[-1].last) * unit):
                seen.parts.append(_Part(stamp))
            seen.parts[-1].add(stamp, packet.duration or 0, packet.pos)
            seen.stamps.append(stamp)
            seen.keys += [stamp] if packet.is_keyframe else []
            seen.cut = packet.is_corrupt  # of the last one: a few that were lost on the way leave the rest whole
    except av.FFmpegError as error:
        if not accept_damaged:
            raise KinesicsError(
                f"{path}: damaged after {seen.reached_s:.2f} s: {error.strerror}; repair or re-encode it, or read what "
                "can be read with --accept-damaged"
            ) from None
        seen.cut = True
    if seen.first is not None and seen.first.pts is not None and container.format.name != "avi":
        seen.begin_at(seen.first.pts)
    return seen


def _first_damage(path: Path, options: ReadOptions, timeline: Timeline) -> float | None:
    """Return up to which time all images and all sound can be decoded; None if that is to the end."""
    ends = []
    for kind in ("video", "audio"):
        complaints = Complaints()
        with open_container(path, options, complaints) as (container, stream):
            if kind == "audio":
                if not (sounds := decodable(container.streams.audio)):
                    continue
                stream = choose(path, sounds, kind, options.audio_stream)
            clock = Clock(timeline)
            observe = clock.place if kind == "audio" else id
            for frame in decoded_frames(container, stream, ANY_LOST, complaints, observe):
                if frame.is_corrupt:
                    complaints.add("corrupt")
                if complaints.count:
                    break
                if frame.pts is not None:
                    time_s = clock.time(float(frame.pts * frame.time_base))
                    complaints.reached_s = max(complaints.reached_s, time_s)
            if complaints.count:
                ends.append(complaints.begin_s)
    return min(ends, default=None)


def _declares_whole(container: av.container.InputContainer) -> bool:
    return any(name in container.format.name for name in ("matroska", "flv"))


def _lacking(container, stream, duration_s: float, reached_s: float) -> tuple[float, float]:
    """Return how many seconds a file holds less than it declares, and how many it declares."""
    if _declares_whole(container):
        declared_s = (container.duration or 0) / av.time_base
        return declared_s - reached_s, declared_s
    if declares_nothing(container):  # FFmpeg takes the last stamp for the length
        return 0.0, 0.0
    declared_s = float((stream.duration or 0) * stream.time_base)
    return declared_s - duration_s, declared_s


def _flaw(container: av.container.InputContainer, stream: av.VideoStream, packets: _Packets) -> str:
    """Return what is wrong if a file holds more or fewer images than it declares, which FFmpeg says nothing about."""
    declared, count = stream.frames, packets.hidden + len(packets.stamps)
    if container.format.name == "avi":  # images that were dropped are declared as well, but are no packets
        declared, last = stream.duration or 0, packets.parts[-1]
        count = round(last.last - packets.parts[0].begin + last.duration_s(1.0, 1.0) / max(last.count, 1))
    return f"{declared} images are declared, {count} are there" if declared and abs(declared - count) > _ROUNDED else ""


def _refuse_cut(path: Path, cut: bool, duration_s: float, declared_s: float) -> None:
    """Raise KinesicsError for a file that holds less than it declares, or ends within a packet."""
    if cut:
        raise KinesicsError(
            f"{path}: cut off: it holds {duration_s:.2f} s of {max(declared_s, duration_s):.2f} s; get the whole file, "
            "take what is there with --accept-damaged, or save that with: "
            f"ffmpeg -i {shlex.quote(ffmpeg_url(path))} -t {max(duration_s - 0.5, 0):.2f} whole.mp4"
        )


def _refuse_stamps(path: Path, duration_s: float, declared_s: float) -> None:
    """Raise KinesicsError for a duration that cannot be."""
    if not 0 < duration_s <= LONGEST_S or (declared_s and duration_s > _TOO_FAR * (declared_s + _TOO_FAR)):
        raise KinesicsError(f"{path}: its time stamps are damaged: they span {duration_s:g} s; remux or re-encode it")


def _refuse_picture(path: Path, container: av.container.InputContainer, stream: av.VideoStream, count: int) -> None:
    """Raise KinesicsError for a still picture, which FFmpeg takes for a video of one image."""
    name = container.format.name
    picture = stream.codec_context.name in STILLS and (name.endswith("_pipe") or name in ("image2", "gif", "apng"))
    if count == 1 and (picture or container.metadata.get("major_brand") in _PICTURES):
        raise KinesicsError(f"{path}: a still picture, not a video; 'kinesics ask' takes JPEG and PNG")


def _first_frame(packet: av.Packet) -> av.VideoFrame | None:
    try:
        return next(iter(packet.decode()), None)
    except av.FFmpegError:
        return None  # streams may begin between key frames; later damage is reported with its time
