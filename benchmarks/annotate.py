"""Cost of all outputs: ``python benchmarks/annotate.py [VIDEO] [--data DATA]``.

Prints lines of JSON: what ``kinesics annotate`` takes in turns with ``kinesics detect`` alone, as a ratio of wall clock and
processor time, and as a share of the clip's length; then the peak memory of ``annotate`` on the video ``SHORT`` and ``LONG``
times in a row. The load of the machine is printed beside them: on a busy one only the ratios count. Each run is a process of
its own.
"""

import json
import os
import tempfile
from pathlib import Path

from track import ROOT, clip_parser, measure, repeat

from kinesics.media.video import probe_video

RUNS, CORES = 3, 2
SHORT, LONG = 2, 20


def main() -> None:
    parser = clip_parser(__doc__, "WolfgangLanger_Pexels")
    args = parser.parse_args()
    data = ["--data", str(args.data)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: dict[str, list[dict[str, float]]] = {"annotate": [], "detect": []}
        for run in range(RUNS):
            for command, out in (("annotate", folder / str(run)), ("detect", folder / "events.csv")):
                runs[command].append(measure(ROOT, [command, str(args.video), *data], CORES, out))
        best = {(c, key): min(run[key] for run in runs[c]) for c in runs for key in ("wall_s", "cpu_s")}
        facts: dict[str, object] = {"video": args.video.name, "load": round(os.getloadavg()[0], 1)}
        for key in ("wall_s", "cpu_s"):
            facts[f"annotate_over_detect_{key}"] = round(best["annotate", key] / best["detect", key], 2)
        facts["share_of_length"] = round(best["annotate", "wall_s"] / probe_video(args.video).duration_s, 2)
        print(json.dumps(facts), flush=True)
        peaks = {}
        for times in (SHORT, LONG):
            film = folder / f"film{times}.mp4"
            repeat(args.video, times, film)
            peaks[times] = measure(ROOT, ["annotate", str(film), *data], CORES, folder / "films")["peak_mb"]
            length_s = round(probe_video(film).duration_s)
            print(json.dumps({"length_s": length_s, "peak_mb": round(peaks[times])}), flush=True)
        print(json.dumps({"peak_long_over_short": round(peaks[LONG] / peaks[SHORT], 2)}))


if __name__ == "__main__":
    main()
