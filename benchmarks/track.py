"""Speed and memory of tracking on one core: ``python benchmarks/track.py [BUNDLES VIDEO]``, by default those of `make paper`.

Prints a line of JSON for the video and for the video played three times in a row (repacked, not re-encoded): seconds
of video per second of work, and the peak of resident memory in MB. Each runs in a process of its own, pinned to a core.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from kinesics.io import downloads

ROOT = Path(__file__).parents[1]


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


def measure(bundles: Path, video: Path) -> None:
    """Track one video on the first core this process may use, and print what it took."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from kinesics.perception.tracking import track  # after pinning: thread pools are sized when libraries are loaded
    from kinesics.structures.tracks import read_tracks

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "tracks.parquet"
        began, worked = time.perf_counter(), time.process_time()
        track(video, bundles, out, progress=False)
        wall_s, cpu_s = time.perf_counter() - began, time.process_time() - worked
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        duration_s = read_tracks(out).duration_s
    facts = {
        "video": video.name,
        "duration_s": duration_s,
        "times_real_time": round(duration_s / wall_s, 2),
        "times_real_time_cpu": round(duration_s / cpu_s, 2),  # what an idle machine would give
        "peak_mb": round(peak_mb),
    }
    print(json.dumps(facts), flush=True)


def main() -> None:
    given = [Path(path) for path in sys.argv[1:3]]
    bundles, video = given or (ROOT / "results/models/mediapipe", downloads.fetch("obama_speech", ROOT / "data")[0])
    if "--once" in sys.argv:
        return measure(bundles, video)
    with tempfile.TemporaryDirectory() as folder:
        thrice = Path(folder) / f"{video.stem}_x3.mp4"
        repeat(video, 3, thrice)
        for clip in (video, thrice):
            subprocess.run([sys.executable, __file__, str(bundles), str(clip), "--once"], check=True)


if __name__ == "__main__":
    main()
