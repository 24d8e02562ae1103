"""A zoo of footage: a bar whose width is the time, and a beep at the begin of each second, in many containers and codecs."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, RATE = 160, 64, 25
#: Pixels that the bar grows in a second.
SPEED = 16
SOUND_HZ = 48_000


def bar(time_s: float) -> np.ndarray:
    """Return the RGB image (HEIGHT, WIDTH, 3) of a time."""
    image = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    image[:, : round(SPEED * time_s)] = 235
    return image


def time_of(image: np.ndarray) -> float:
    """Return the time that the bar of an image shows, to a frame."""
    return float((image[image.shape[0] // 2, :, 1] > 120).sum()) / SPEED


def beeps(sound: np.ndarray, rate_hz: int = 16_000) -> list[float]:
    """Return when beeps begin, in seconds, to a hundredth."""
    step = rate_hz // 100
    loud = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(1) > 0.2
    return [
        k / 100
        for k in np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
        if not loud[max(k - 3, 0) : k].any()
    ]


def write_footage(
    path: Path,
    codec: str = "libx264",
    sound_codec: str | None = "aac",
    seconds: tuple[float, float] = (0.0, 8.0),
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    format: str | None = None,
) -> Path:
    """Write what lies in ``seconds`` of the footage, stamped from 0, and return the path."""
    begin_s, end_s = seconds
    with av.open(str(path), "w", format=format, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=RATE, options={"g": "50", "bf": "2"} | (options or {}))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        stream.time_base = Fraction(1, RATE)
        sound = container.add_stream(sound_codec, rate=SOUND_HZ, layout="mono") if sound_codec else None
        if sound:
            sound.bit_rate = 128_000
        packets = []
        for k in range(round(RATE * (end_s - begin_s))):
            frame = av.VideoFrame.from_ndarray(bar(begin_s + k / RATE), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            packets += stream.encode(frame)
        packets += stream.encode()
        if sound:
            packets += _sound_packets(sound, begin_s, end_s)
        for packet in sorted(packets, key=lambda p: float((p.dts if p.dts is not None else p.pts) * p.time_base)):
            container.mux(packet)
    return path


def _sound_packets(stream: av.AudioStream, begin_s: float, end_s: float) -> list[av.Packet]:
    times = np.arange(round(SOUND_HZ * begin_s), round(SOUND_HZ * end_s)) / SOUND_HZ
    samples = (0.8 * np.sin(2 * np.pi * 1000 * times) * (times % 1 < 0.1)).astype(np.float32)
    size = 960  # divides what every codec takes
    packets = []
    fifo = av.AudioFifo()
    for k in range(0, len(samples) - size + 1, size):
        frame = av.AudioFrame.from_ndarray(samples[None, k : k + size], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, k, Fraction(1, SOUND_HZ)
        fifo.write(frame)
    resampler = av.AudioResampler(
        stream.codec_context.format, "mono", SOUND_HZ, stream.codec_context.frame_size or 1024
    )
    while (frame := fifo.read(fifo.samples)) is not None:
        for part in resampler.resample(frame):
            packets += stream.encode(part)
        if not fifo.samples:
            break
    for part in resampler.resample(None):
        packets += stream.encode(part)
    return packets + stream.encode()


def remux(
    source: Path,
    path: Path,
    keep: Callable[[av.Packet], bool] = lambda packet: True,
    shift_s: float = 0.0,
    sound_shift_s: float = 0.0,
    format: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Copy the packets that are to be kept into another file, stamped later by a shift, and return its path."""
    with av.open(str(source)) as read, av.open(str(path), "w", format=format, options=options or {}) as written:
        streams = {stream.index: written.add_stream_from_template(stream) for stream in read.streams}
        for packet in read.demux():
            if packet.dts is not None and keep(packet):
                later_s = shift_s + (sound_shift_s if packet.stream.type == "audio" else 0)
                later = round(later_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + later, packet.dts + later
                packet.stream = streams[packet.stream_index]
                written.mux(packet)
    return path


def mux_tracks(source: Path, path: Path, tracks: list[tuple[str, bool, str]]) -> Path:
    """Write tracks of a file anew, each (video or audio or silence, whether it is the default, its language)."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        first = {stream.type: stream for stream in reversed(list(read.streams))}
        streams = []
        for kind, default, language in tracks:
            if kind == "silence":
                stream = written.add_stream("aac", rate=SOUND_HZ, layout="mono")
            else:
                stream = written.add_stream_from_template(first[kind])
            stream.disposition = av.stream.Disposition.default if default else av.stream.Disposition(0)
            stream.metadata["language"] = language
            streams.append((kind, stream))
        for kind, stream in streams:
            if kind == "silence":
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                frame.sample_rate, frame.pts = SOUND_HZ, 0
                written.mux([*stream.encode(frame), *stream.encode()])
        for packet in read.demux():
            if packet.dts is not None:
                kept, packet_type = bytes(packet), packet.stream.type
                for kind, stream in streams:
                    if kind == packet_type:
                        copy = av.Packet(kept)
                        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
                        copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, stream
                        written.mux(copy)
    return path
