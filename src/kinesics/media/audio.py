"""Decode the audio of a video as mono 16 kHz samples."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.media.complaints import Complaints
from kinesics.media.containers import ANY_LOST, Clock, decoded_frames, open_container
from kinesics.media.examination import Examination, examine
from kinesics.media.streams import AS_IT_COMES, ReadOptions, choose
from kinesics.structures.timegrid import samples, seconds

SOUND_HZ = 16_000  # the sampling rate that networks of speech and voice were trained at
MOST_LOST = 5  # packets in a row that cannot be decoded: more is damage
GAP_S = 0.05  # stamps are rounded, and codecs delay: less than this is no gap


def read_sound_windows(
    path: str | Path, rate_hz: float, length: int, options: ReadOptions = AS_IT_COMES
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time_s, audio) for each time k / rate_hz in [0, duration): ``length`` samples about it, float32 at ``SOUND_HZ``.

    Windows that reach out of the audio are filled with silence. Holds one window. Raises KinesicsError as ``read_sound``
    does.
    """
    examined = examine(path, options)
    blocks, held, begin = (
        _sound_blocks(path, examined, options),
        np.zeros(length // 2, np.float32),
        -(length // 2),
    )
    for k in range(samples(examined.info.duration_s, rate_hz)):
        time_s = seconds(k, rate_hz)
        first = round(time_s * SOUND_HZ) - length // 2
        while begin + len(held) < first + length:
            block = next(blocks, None)
            held = np.concatenate(
                [held[max(first - begin, 0) :], np.zeros(length, np.float32) if block is None else block]
            )
            begin = max(first, begin)
        held, begin = held[first - begin :], first
        yield time_s, held[:length].copy()


def read_sound(path: str | Path, options: ReadOptions = AS_IT_COMES) -> np.ndarray:
    """Return the whole audio of a video, mono float32 in [-1, 1] at ``SOUND_HZ``: 4 MB a minute.

    Time 0 is that of the first frame. Raises KinesicsError if the video has no audio, or where it is damaged; if damage is
    accepted, it is silent there.
    """
    blocks = _sound_blocks(path, examine(path, options), options)
    return np.concatenate([np.empty(0, np.float32), *blocks])


def _sound_blocks(path: str | Path, examined: Examination, options: ReadOptions) -> Iterator[np.ndarray]:
    """Yield the audio in blocks, from the instant of the first frame; silence fills gaps of its time stamps."""
    complaints, end = Complaints(), round(examined.info.duration_s * SOUND_HZ)
    with open_container(path, options, complaints) as (container, _):
        if not container.streams.audio:
            raise KinesicsError(f"{path}: has no sound")
        stream = choose(path, container.streams.audio, "audio", options.audio_stream)
        clock = Clock(examined.timeline)
        frames = decoded_frames(
            container, stream, ANY_LOST if options.accept_damaged else MOST_LOST, complaints, clock.place
        )
        given = at = 0  # samples since time 0: that were given, and at which what is decoded lies
        try:
            for begin, block in _placed(frames, clock):
                if begin is not None:
                    if begin > max(given, end):  # beyond the last image
                        break
                    if begin > given:
                        yield np.zeros(begin - given, np.float32)
                    given, at = max(begin, given), begin
                yield block[max(given - at, 0) :]
                at += len(block)
                given = max(at, given)
                complaints.reached_s = max(given / SOUND_HZ, 0.0)
        except av.FFmpegError as error:
            if options.accept_damaged:
                return
            raise KinesicsError(
                f"{path}: its sound is damaged: {error.strerror}; repair or re-encode it, or read what can "
                "be read with --accept-damaged"
            ) from None
        if not options.accept_damaged:  # else it is known
            complaints.report(path, "sound", examined.reported)


def _placed(frames: Iterator[av.AudioFrame], clock: Clock) -> Iterator[tuple[int | None, np.ndarray]]:
    """Yield (begin, block): mono blocks at ``SOUND_HZ``, with the sample at which one begins where a run of sound begins.

    A run ends where stamps leave a gap or lie behind what was heard, or where channels or sampling rate change.
    """
    resampler, form, due_s = None, None, None
    for frame in frames:
        time_s = clock.time(float(frame.pts * frame.time_base)) if frame.pts is not None else due_s or 0.0
        begins, changed = due_s is None or not -GAP_S <= time_s - due_s <= GAP_S, _form(frame) != form
        if begins or changed:
            for part in resampler.resample(None) if resampler else ():
                yield None, part.to_ndarray()[0]
            resampler, form = av.AudioResampler("flt", "mono", SOUND_HZ), _form(frame)
        if begins:
            yield round(time_s * SOUND_HZ), np.empty(0, np.float32)
            due_s = time_s
        for part in resampler.resample(frame):
            yield None, part.to_ndarray()[0]
        due_s += frame.samples / frame.sample_rate
    for part in resampler.resample(None) if resampler else ():
        yield None, part.to_ndarray()[0]


def _form(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
