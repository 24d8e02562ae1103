"""Decode the audio of a video as mono 16 kHz samples."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.media.video import open_container, probe_video
from kinesics.structures.timegrid import samples, seconds

SOUND_HZ = 16_000  # the sampling rate that networks of speech and voice were trained at


def read_sound_windows(path: str | Path, rate_hz: float, length: int) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time_s, audio) for each time k / rate_hz in [0, duration): ``length`` samples about it, float32 at ``SOUND_HZ``.

    Windows that reach out of the audio are filled with silence. Holds one window. Raises KinesicsError as ``read_sound``
    does.
    """
    blocks, held, begin = _sound_blocks(path), np.zeros(length // 2, np.float32), -(length // 2)
    for k in range(samples(probe_video(path).duration_s, rate_hz)):
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
    return np.concatenate([np.empty(0, np.float32), *_sound_blocks(path)])


def _sound_blocks(path: str | Path) -> Iterator[np.ndarray]:
    """Yield the audio in blocks, from the instant of the first frame."""
    with open_container(path) as (container, video):
        if not container.streams.audio:
            raise KinesicsError(f"{path}: has no sound")
        stream, resampler = container.streams.audio[0], av.AudioResampler("flt", "mono", SOUND_HZ)
        late_s = float((stream.start_time or 0) * stream.time_base - (video.start_time or 0) * video.time_base)
        if late_s > 0:
            yield np.zeros(round(late_s * SOUND_HZ), np.float32)
        early = max(round(-late_s * SOUND_HZ), 0)
        try:
            for frame in chain(container.decode(stream), [None]):  # None flushes the resampler
                for part in resampler.resample(frame):
                    block = part.to_ndarray()[0]
                    yield block[early:]
                    early = max(early - len(block), 0)
        except av.FFmpegError as error:
            raise KinesicsError(f"{path}: its sound is damaged: {error.strerror}; repair or re-encode it") from None
