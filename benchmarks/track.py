"""Speed and memory of tracking and of ``detect``: ``python benchmarks/track.py [VIDEO] [--data DATA] [--before CHECKOUT]``.

Prints lines of JSON. First ``kinesics track`` on one core, of the video and of the video three times in a row (repacked, not
re-encoded): memory must not grow. Then ``kinesics detect``, everything that it writes included, on one core and on two; with
``--before``, a checkout of another commit, in turns with that one's. Times: wall clock and processor time, also as seconds
of video per second. Each run is a process of its own, pinned to its cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from kinesics.io import downloads

ROOT = Path(__file__).parents[1]
RUNS = 3


def repeat(video: Path, times: int, out: Path) -> None:
    """Write the frames of a video ``times`` times in a row."""
    with av.open(str(out), "w") as target:
        copy, offset = None, 0
        for _ in range(times):
            end = 0
            with av.open(str(video)) as source:
                stream = source.streams.video[0]
                copy = copy or target.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is not None:
                        end = max(end, packet.pts + packet.duration)
                        packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, copy
                        target.mux(packet)
            offset += end


def measure(checkout: Path, command: list[str], cores: int, out: Path) -> dict[str, float]:
    """Run a command of a checkout's ``kinesics`` on some cores; return its seconds and its peak of resident memory."""
    pinned = sorted(os.sched_getaffinity(0))[:cores]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            "taskset",
            "-c",
            ",".join(map(str, pinned)),
            sys.executable,
            "-m",
            "kinesics.cli",
            *command,
            "--out",
            str(out),
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command)}: failed in {checkout}")
    return {"wall_s": wall_s, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1000}


def report(what: str, checkout: Path, video: Path, cores: int, runs: list[dict[str, float]]) -> None:
    """Print the fastest of some runs, and the largest peak of memory."""
    with av.open(str(video)) as container:
        duration_s = container.duration / av.time_base
    wall_s, cpu_s = (min(run[name] for run in runs) for name in ("wall_s", "cpu_s"))
    facts = {
        "what": what,
        "checkout": checkout.resolve().name,
        "video": video.name,
        "duration_s": round(duration_s, 2),
        "cores": cores,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        "times_real_time": round(duration_s / wall_s, 2),
        "times_real_time_cpu": round(duration_s / cpu_s, 2),  # what one idle core would give
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
    }
    print(json.dumps(facts), flush=True)


def clip_parser(description: str | None, clip: str) -> argparse.ArgumentParser:
    """Return a parser of a video, by default a clip that is downloaded, and of the folder of downloads."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("video", type=Path, nargs="?", default=downloads.fetch(clip, ROOT / "data")[0])
    parser.add_argument(
        "--data", type=Path, default=ROOT / "data", help="the folder of downloads (default: %(default)s)"
    )
    return parser


def main() -> None:
    parser = clip_parser(__doc__, "cap12_edit")
    parser.add_argument("--before", type=Path, help="a checkout of another commit")
    args = parser.parse_args()
    data = ["--data", str(args.data)]
    with tempfile.TemporaryDirectory() as folder:
        thrice, out = Path(folder) / f"{args.video.stem}_x3.mp4", Path(folder)
        repeat(args.video, 3, thrice)
        for video in (args.video, thrice):
            command = ["track", str(video), *data]
            report("track", ROOT, video, 1, [measure(ROOT, command, 1, out / "tracks.parquet")])
        checkouts = [ROOT] + ([args.before] if args.before else [])
        for cores in (1, 2):
            runs = {checkout: [] for checkout in checkouts}
            for _ in range(RUNS):
                for checkout in checkouts:
                    command = ["detect", str(args.video), *data]
                    runs[checkout].append(measure(checkout, command, cores, out / "events.csv"))
            for checkout in checkouts:
                report("detect", checkout, args.video, cores, runs[checkout])


if __name__ == "__main__":
    main()
