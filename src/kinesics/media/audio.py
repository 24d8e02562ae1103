"""Decode the audio of a video as mono 16 kHz samples."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.media.containers import Clock, Timeline, choose, open_container
from kinesics.media.video import examine
from kinesics.structures.timegrid import samples, seconds

SOUND_HZ = 16_000  # the sampling rate that networks of speech and voice were trained at
MOST_LOST = 5  # packets in a row that cannot be decoded: more is damage
GAP_S = 0.05  # stamps are rounded, and codecs delay: less than this is no gap


def read_sound_windows(path: str | Path, rate_hz: float, length: int) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time_s, audio) for each time k / rate_hz in [0, duration): ``length`` samples about it, float32 at ``SOUND_HZ``.

    Windows that reach out of the audio are filled with silence. Holds one window. Raises KinesicsError as ``read_sound``
    does.
    """
    info, timeline, _ = examine(path)
    blocks, held, begin = _sound_blocks(path, timeline), np.zeros(length // 2, np.float32), -(length // 2)
    for k in range(samples(info.duration_s, rate_hz)):
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


def read_sound(path: str | Path) -> np.ndarray:
    """Return the whole audio of a video, mono float32 in [-1, 1] at ``SOUND_HZ``: 4 MB a minute.

    Time 0 is that of the first frame. Raises KinesicsError if the video has no audio, or where it is damaged.
    """
    return np.concatenate([np.empty(0, np.float32), *_sound_blocks(path, examine(path)[1])])


def _sound_blocks(path: str | Path, timeline: Timeline) -> Iterator[np.ndarray]:
    """Yield the audio in blocks, from the instant of the first frame; silence fills gaps of its time stamps."""
    with open_container(path) as (container, _):
        if not container.streams.audio:
            raise KinesicsError(f"{path}: has no sound")
        stream = choose(container.streams.audio)
        if stream is None:
            raise KinesicsError(f"{path}: no decoder for its sound; re-encode it, for instance as AAC")
        given = 0  # samples since time 0, negative while what is decoded lies before it
        try:
            for begin, block in _placed(_decoded(container, stream), Clock(timeline)):
                if begin is not None:
                    if begin > given:
                        yield np.zeros(begin - given, np.float32)
                    given = max(begin, given) if given else begin
                yield block[max(-given, 0) :]
                given += len(block)
        except av.FFmpegError as error:
            raise KinesicsError(f"{path}: its sound is damaged: {error.strerror}; repair or re-encode it") from None


def _decoded(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """Yield the frames of a stream; of packets that were lost on the way a few are passed over, whose time stays silent."""
    lost = 0
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
            lost = 0
        except av.InvalidDataError:
            lost += 1
            if lost > MOST_LOST:
                raise


def _placed(frames: Iterator[av.AudioFrame], clock: Clock) -> Iterator[tuple[int | None, np.ndarray]]:
    """Yield (begin, block): mono blocks at ``SOUND_HZ``, with the sample at which one begins where a run of sound begins.

    A run ends where stamps leave a gap, or where channels or sampling rate change.
    """
    resampler, form, due_s = None, None, None
    for frame in frames:
        time_s = clock.time(float(frame.pts * frame.time_base)) if frame.pts is not None else due_s or 0.0
        begins, changed = due_s is None or time_s - due_s > GAP_S, _form(frame) != form
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
