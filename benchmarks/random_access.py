"""Random access to frames: ``pip install decord2``, then ``python benchmarks/random_access.py``.

Prints a Markdown table. Each row is a video of 60 s and 640 x 256 pixels in which a bar shows the time. Frames at 12 times in
any order are read in three ways, each in a process of its own that may take a minute: by decord's index of frames, by
``kinesics.media.video.read_frame_at``, and by decoding in order with PyAV. CPU seconds (user and system), and the largest
error in seconds where it is more than three frames.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, RATE, SECONDS, TIMES = 640, 256, 25, 60, 12
HEVC = {"x265-params": "open-gop=1:keyint=125:log-level=none"}
#: File, codec, options: groups of 5 s, three images between others where the codec has them.
FILES = {
    "H.264 in MP4": ("a.mp4", "libx264", {}),
    "H.264 with open groups in MP4": ("open.mp4", "libx264", {"x264-params": "open-gop=1:keyint=125"}),
    "H.264 in Matroska": ("a.mkv", "libx264", {}),
    "H.264 in MPEG-TS": ("a.ts", "libx264", {}),
    "H.264 in M2TS": ("a.m2ts", "libx264", {}),
    "HEVC with open groups in MP4": ("hevc.mp4", "libx265", HEVC),
    "HEVC with open groups in Matroska": ("hevc.mkv", "libx265", HEVC),
    "MPEG-2 in MPEG-PS": ("a.mpg", "mpeg2video", {}),
    "MPEG-4 in AVI": ("a.avi", "mpeg4", {}),
    "VP9 in WebM": ("a.webm", "libvpx-vp9", {"bf": "0", "cpu-used": "8", "deadline": "realtime"}),
    "WMV 2 in ASF": ("a.wmv", "wmv2", {"bf": "0"}),
}
PATIENCE_S = 60


def write(path: Path, codec: str, options: dict[str, str]) -> None:
    """Write the footage: noise above a bar that grows by 10 pixels a second."""
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 2, WIDTH + RATE * SECONDS, 3), np.uint8)
    with av.open(str(path), "w", options={"mpegts_m2ts_mode": "1"} if path.suffix == ".m2ts" else {}) as container:
        stream = container.add_stream(codec, rate=RATE, options={"g": "125", "bf": "3"} | options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 1_500_000
        stream.codec_context.thread_count = 1
        for k in range(RATE * SECONDS):
            image = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
            image[: HEIGHT // 2] = noise[:, k : k + WIDTH]
            image[HEIGHT // 2 :, : round(10 * k / RATE)] = 235
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def by_index(path: Path, times: list[float]) -> list[np.ndarray]:
    import decord

    reader = decord.VideoReader(str(path), num_threads=1)
    shown = reader.get_frame_timestamp(np.arange(len(reader)))[:, 0]
    return list(reader.get_batch((np.searchsorted(shown - shown[0], np.add(times, 1e-3)) - 1).clip(0)).asnumpy())


def by_reading(path: Path, times: list[float]) -> list[np.ndarray]:
    from kinesics.media import examination, video

    examination._examine.cache_clear()
    return list(video.read_frame_at(path, times))


def in_order(path: Path, times: list[float]) -> list[np.ndarray]:
    due, frames, shown = sorted(times), {}, None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for k, frame in enumerate(container.decode(stream)):
            while due and k / RATE > due[0] + 1e-3:
                frames[due.pop(0)] = shown.to_ndarray(format="rgb24")
            shown = frame
        frames |= {time_s: shown.to_ndarray(format="rgb24") for time_s in due}
    return [frames[time_s] for time_s in times]


WAYS = {"decord": by_index, "read_frame_at": by_reading, "in order": in_order}


def measure(way: str, path: Path) -> None:
    """Print the largest error and the CPU seconds of one way of reading."""
    times = np.random.default_rng(1).uniform(0, SECONDS - 1, TIMES).round(3).tolist()
    WAYS[way](path, times[:1])  # loads the libraries
    before = resource.getrusage(resource.RUSAGE_SELF)
    frames = WAYS[way](path, times)
    after = resource.getrusage(resource.RUSAGE_SELF)
    shown = [float((frame[-20, :, 1] > 120).sum()) / 10 for frame in frames]
    error_s = max(abs(time_s - bar) for time_s, bar in zip(times, shown, strict=True))
    print(json.dumps([error_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime]))


def cell(way: str, path: Path) -> str:
    """Return what one way of reading takes, and its error unless that is less than two frames."""
    try:
        run = subprocess.run(
            [sys.executable, __file__, way, str(path)], capture_output=True, text=True, timeout=PATIENCE_S
        )
        error_s, cpu_s = json.loads(run.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return "hangs"
    except (IndexError, ValueError):
        return "fails"
    return f"{cpu_s:.2f} s" + (f", wrong by {error_s:.1f} s" if error_s > 3.5 / RATE else "")


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] in WAYS:
        return measure(sys.argv[1], Path(sys.argv[2]))
    os.environ["OMP_NUM_THREADS"] = "1"
    print(f"| | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, codec, options) in FILES.items():
            path = Path(folder) / file
            write(path, codec, options)
            print(f"| {name} | {' | '.join(cell(way, path) for way in WAYS)} |", flush=True)


if __name__ == "__main__":
    main()
