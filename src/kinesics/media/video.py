"""Read frames of long videos at a rate, in constant memory, and a few of them by random access.

Frames are upright (the container's rotation applied) with square pixels (anamorphic video is stretched to its display
width): uint8 RGB, C-contiguous. Time 0 is the instant the first frame is shown, whatever time stamp the container gives it;
the frame at time t is the one shown then, so variable frame rates need no special care, and the last frame is held for
its duration.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from kinesics.errors import KinesicsError
from kinesics.media.colour import is_hdr, tone_map
from kinesics.media.complaints import Complaints
from kinesics.media.containers import Clock, decode, decoded_frames, open_container, stamp_of
from kinesics.media.examination import Examination, VideoInfo, examine
from kinesics.media.orientation import orientation_of
from kinesics.media.streams import AS_IT_COMES, ReadOptions
from kinesics.structures.timegrid import WHOLE, Span, index, samples, seconds

_NEAR_S = 1e-6  # a frame stamped this little after a sample's time counts as shown then: time stamps are rounded


def probe_video(path: str | Path, options: ReadOptions = AS_IT_COMES) -> VideoInfo:
    """Return a video's size, duration, rate, and whether it has sound (errors: see ``examination.examine``)."""
    return examine(path, options).info


def read_frames(
    path: str | Path, rate_hz: float, options: ReadOptions = AS_IT_COMES, span: Span = WHOLE
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yield (k, time_s, frame) for each k with time_s = k / rate_hz in [0, duration): frame is uint8 (height, width, 3).

    There are ``timegrid.samples(duration_s, rate_hz)`` of them, with the duration of ``probe_video``, or those in ``span``;
    what lies before it is decoded and passed over. Frames shown at several samples are the same array. Raises KinesicsError
    as ``probe_video`` does, and with the time reached where frames are damaged; if damage is accepted, the image before is
    held there.
    """
    if not rate_hz > 0:
        raise KinesicsError(f"{path}: cannot sample at {rate_hz} Hz: the rate must be above 0")
    examined = examine(path, options)
    sampled = span.samples(examined.info.duration_s, rate_hz)
    times = (seconds(k, rate_hz) for k in sampled)
    for k, (time_s, frame) in zip(sampled, _shown(path, examined, times, options), strict=True):
        yield k, time_s, frame


def read_frame_at(path: str | Path, times_s: Sequence[float], options: ReadOptions = AS_IT_COMES) -> np.ndarray:
    """Return the frames shown at a few times, in any order: uint8 (N, height, width, 3).

    They are those that decoding in order gives. In MP4 and Matroska, which say what the key images are, decoding begins at
    those before the times, and each frame is known by its stamp; every other video is decoded from the start. Raises
    KinesicsError as ``read_frames`` does, and for a time outside [0, duration).
    """
    examined = examine(path, options)
    info = examined.info
    times = np.asarray(times_s, float).reshape(-1)
    if (bad := times[~((times >= 0) & (times < info.duration_s))]).size:
        raise KinesicsError(f"{path}: time {bad[0]:g} s is outside of [0, {info.duration_s:g}) s")
    if examined.keys.size and times.size and (frames := _seek(path, times, examined, options)) is not None:
        return frames
    out = np.empty((len(times), info.height, info.width, 3), np.uint8)
    order = np.argsort(times, kind="stable")
    for place, (_, frame) in zip(order, _shown(path, examined, times[order].tolist(), options), strict=True):
        out[place] = frame
    return out


def _seek(path: str | Path, times: np.ndarray, examined: Examination, options: ReadOptions) -> np.ndarray | None:
    """Return the frames shown at some times by seeking to key images, or None where not every stamp is met."""
    info, stamps, keys = examined.info, examined.stamps, examined.keys
    shown_s = (stamps - stamps[0]) * examined.unit_s
    wanted = stamps[(np.searchsorted(shown_s, times + _NEAR_S, side="right") - 1).clip(0)]
    out = np.empty((len(times), info.height, info.width, 3), np.uint8)
    complaints = Complaints()
    try:
        with open_container(path, options, complaints) as (container, stream):
            frame, frames, image, before = None, iter(()), None, 0
            scaler = VideoReformatter()
            for place in np.argsort(wanted, kind="stable"):
                stamp = int(wanted[place])
                key = int(keys[max(np.searchsorted(keys, stamp, side="right") - 1, 0)])
                if frame is None or frame.pts < key:
                    container.seek(key, stream=stream)
                    frame, frames = None, decoded_frames(container, stream, 0, complaints)
                    before = complaints.count
                while frame is None or frame.pts < stamp:
                    frame, image = next(frames, None), None
                    if frame is None or frame.pts is None or frame.interlaced_frame:
                        return None
                    if frame.pts == key:  # open groups: images before it refer to those that were left out
                        complaints.count = before
                if frame.pts != stamp:
                    return None
                image = _upright(frame, examined, scaler) if image is None else image
                out[place] = image
    except av.FFmpegError:
        return None  # decoding from the start gives the time reached
    return None if complaints.count else out


def read_windows(
    path: str | Path, rate_hz: float, count: int, span_s: float, options: ReadOptions = AS_IT_COMES
) -> Iterator[tuple[float, list[np.ndarray]]]:
    """Yield (time_s, frames) for each time k / rate_hz in [0, duration): the ``count`` frames about it, over ``span_s``.

    They are those of a grid at count / span_s Hz, half of them before the one shown at that time; where the video begins
    or ends, its first or last frame is repeated. Holds one window of frames. Raises KinesicsError as ``read_frames`` does.
    """
    grid_hz = count / span_s
    instants = [seconds(k, rate_hz) for k in range(samples(probe_video(path, options).duration_s, rate_hz))]
    due = deque((int(index(time_s, grid_hz)) + (count - 1) // 2, time_s) for time_s in instants)  # last frame, time
    held: deque[np.ndarray] = deque(maxlen=count)
    k, frame = -1, None
    for k, _, frame in read_frames(path, grid_hz, options):
        held.extend([frame] * (1 if held else count))
        while due and due[0][0] == k:
            yield due.popleft()[1], list(held)
    for last, time_s in due:
        held.extend([frame] * (last - k))
        k = last
        yield time_s, list(held)


def _shown(
    path: str | Path, examined: Examination, times_s: Iterable[float], options: ReadOptions
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time, frame shown then) for ascending times, decoding once from the start and holding two frames."""
    info, clock, complaints = examined.info, Clock(examined.timeline), Complaints()
    if examined.flaw:
        complaints.add(examined.flaw)
    with open_container(path, options, complaints) as (container, stream):
        times = iter(times_s)
        time_s = next(times, None)
        shown, reached_s, scaler = None, 0.0, VideoReformatter()
        decoded = decode(container, stream, options.accept_damaged, complaints)
        while time_s is not None:
            try:
                following = next(decoded, None)
            except av.FFmpegError as error:
                raise KinesicsError(
                    f"{path}: damaged after {reached_s:.2f} s of {info.duration_s:.2f} s: {error.strerror}; "
                    f"repair or re-encode it, cut it there, or read what can be read with --accept-damaged"
                ) from None
            if following is not None:
                reached_s = clock.time(float(stamp_of(following, path) * following.time_base))
                complaints.reached_s = max(complaints.reached_s, reached_s)
            elif shown is None:
                raise KinesicsError(f"{path}: none of its frames can be decoded")
            if shown is not None:
                image = None
                while time_s is not None and (following is None or time_s < reached_s - _NEAR_S):
                    image = _upright(shown, examined, scaler) if image is None else image
                    yield time_s, image
                    time_s = next(times, None)
            shown = following
    if not options.accept_damaged:  # else it is known
        complaints.report(path, "images", examined.reported)


def _upright(frame: av.VideoFrame, examined: Examination, scaler: VideoReformatter) -> np.ndarray:
    """Return the frame as uint8 RGB (height, width, 3) of the video's size; streams may change theirs midway.

    ``scaler`` is that of the frames before: a new one computes its tables for most of the time that a small frame takes.
    """
    info, orientation = examined.info, orientation_of(frame) or examined.orientation
    width, height = (info.height, info.width) if orientation.turns % 2 else (info.width, info.height)
    hdr = is_hdr(frame)
    stored = scaler.reformat(frame, width, height, "rgb48le" if hdr else "rgb24").to_ndarray()
    stored = tone_map(stored, frame.color_trc) if hdr else stored
    return orientation.apply(stored)  # PyAV pads its rows, which MediaPipe would read as pixels
