"""Encode frames and sound as MP4 (H.264, AAC), by FFmpeg through PyAV with one thread and no dates: it repeats to the byte."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from kinesics.media.containers import ffmpeg_url
from kinesics.structures.timegrid import seconds

#: Seconds of audio encoded at once.
CHUNK_S = 1.0

#: From begin and end in seconds to mono samples, int16.
Sound = Callable[[float, float], np.ndarray]


def encode_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    size: tuple[int, int],
    rate_hz: float,
    *,
    quality: float,
    sound: tuple[int, Sound] | None = None,
) -> None:
    """Write frames, uint8 RGB (height, width, 3) of an even ``size`` (width, height), at a constant rate.

    ``quality`` is the constant rate factor of H.264; ``sound`` is a sampling rate and a function from times to samples, which
    is called for consecutive spans from 0 on. Memory does not grow with the video's length.
    """
    with av.open(ffmpeg_url(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001))
        (video.width, video.height), video.pix_fmt = size, "yuv420p"
        # x264's macroblock tree gives other bytes each time on processors with AVX-512.
        video.options = {"crf": f"{quality:g}", "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}
        video.codec_context.thread_count = 1
        streams = [video]
        if sound:
            audio = container.add_stream("aac", rate=sound[0], layout="mono")
            audio.bit_rate = 48_000
            streams.append(audio)
        for stream in streams:
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
        encoded_s, k = 0.0, -1  # the end of the audio so far, and the number of the last frame

        def encode_sound(until_s: float) -> None:
            nonlocal encoded_s
            if sound:
                sound_hz, samples_of = sound
                frame = av.AudioFrame.from_ndarray(samples_of(encoded_s, until_s)[None], format="s16", layout="mono")
                frame.sample_rate, frame.pts = sound_hz, round(encoded_s * sound_hz)
                container.mux(audio.encode(frame))
            encoded_s = until_s

        for k, frame in enumerate(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            if (now := seconds(k + 1, rate_hz)) - encoded_s >= CHUNK_S:
                encode_sound(now)
        if (end := seconds(k + 1, rate_hz)) > encoded_s:
            encode_sound(end)
        for stream in streams:
            container.mux(stream.encode(None))
