"""Small videos made from nothing."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def numbered(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Return RGB frames (height, width, 3) whose grey level encodes their number, 10 + 8 k; the top left corner is white."""
    frames = [np.full((height, width, 3), 10 + 8 * k, np.uint8) for k in range(count)]
    for frame in frames:
        frame[: height // 4, : width // 4] = 255
    return frames


def number(frame: np.ndarray) -> int:
    """Return the number of a frame of ``numbered``, read from its middle."""
    height, width = frame.shape[:2]
    middle = frame[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4]
    return round((float(middle.mean()) - 10) / 8)


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    rate: int = 10,
    times_s: Sequence[float] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: int = 0,
    aspect: Fraction | None = None,
    audio: bool | np.ndarray = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write RGB frames, shown at ``times_s`` (default: regular from 0), and return the path.

    ``rotation`` is the display matrix's, counter-clockwise degrees; ``aspect`` that of a pixel; ``audio`` adds silence, or
    these samples in [-1, 1] at 16 kHz.
    """
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        sound = None if audio is False else container.add_stream("aac", rate=16000, layout="mono")
        for k, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (times_s[k] if times_s is not None else k / rate))
            frame.duration = round(1000 / rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            samples = np.zeros(int(16000 * len(frames) / rate)) if audio is True else audio
            container.mux(_packets(sound, samples))
    return path


def write_sound(path: Path, duration_s: float = 1.0) -> Path:
    """Write an audio-only file and return its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        container.mux(_packets(stream, np.zeros(int(16000 * duration_s))))
    return path


def _packets(stream: av.AudioStream, samples: np.ndarray) -> list[av.Packet]:
    packets = []
    blocks = np.pad(samples, (0, 1024 - len(samples) % 1024)).astype(np.float32).reshape(-1, 1, 1024)
    for k, block in enumerate(blocks):
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, k * 1024
        packets += stream.encode(frame)
    return packets + stream.encode()
