"""Memory of all outputs of long videos: ``python benchmarks/memory.py [VIDEO] [--data DATA] [--minutes 6 60]``.

For each length a line of JSON: the peak of resident memory of ``kinesics annotate``, of a video that repeats ``VIDEO``.
Tracking an hour takes a quarter of one: ``VIDEO`` alone is tracked, in the same process, and its tracks are repeated. Each
length is a process of its own. ``benchmarks/track.py`` measures tracking.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from track import ROOT, clip_parser, repeat

from kinesics import api
from kinesics.api.annotation import annotate
from kinesics.media.video import probe_video
from kinesics.structures.timegrid import samples
from kinesics.structures.tracks import SCHEMA

MINUTES = (6, 60)


def repeat_tracks(source: Path, film: Path, out: Path) -> None:
    """Write tracks of a video that repeats the one of ``source``, row group by row group."""
    duration_s = probe_video(film).duration_s
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(out, SCHEMA, compression="zstd", write_page_checksum=True) as to,
    ):
        info = json.loads(file.metadata.metadata[b"kinesics"])
        rate_hz, length = info["rate_hz"], samples(info["duration_s"], info["rate_hz"])
        for first in range(0, samples(duration_s, rate_hz), length):
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, columns=SCHEMA.names).replace_schema_metadata(None)
                frame = pa.compute.add(rows["frame"], pa.scalar(first, pa.int32()))
                times = pa.compute.divide(pa.compute.cast(frame, pa.float64()), rate_hz)
                rows = rows.set_column(0, SCHEMA.field("frame"), frame).set_column(1, SCHEMA.field("time_s"), times)
                to.write_table(rows.filter(pa.compute.less(frame, samples(duration_s, rate_hz))))
        to.add_key_value_metadata({"kinesics": json.dumps(info | {"video": film.stem, "duration_s": duration_s})})


def annotate_film(video: Path, film: Path, data: Path) -> None:
    """Annotate a film that repeats a video, beside it, with the tracks of the video."""
    track_file = api.track_file

    def track_video(_: Path, out: Path, **options: object) -> None:
        track_file(video, out.with_name("video.parquet"), data=data)
        repeat_tracks(out.with_name("video.parquet"), film, out)

    api.track_file = track_video
    annotate(film, film.parent / "out", data=data)


def peak_mb(video: Path, minutes: float, data: Path) -> float:
    """Return the peak of resident memory of the annotation of ``minutes`` of a repeated video."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        repeat(video, round(minutes * 60 / probe_video(video).duration_s), film)
        command = [sys.executable, __file__, str(video), "--data", str(data), "--film", str(film)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{film}: failed")
        return used.ru_maxrss / 1000


def main() -> None:
    parser = clip_parser(__doc__, "WolfgangLanger_Pexels")
    parser.add_argument("--minutes", type=float, nargs="+", default=MINUTES, help="lengths (default: %(default)s)")
    parser.add_argument("--film", type=Path, help=argparse.SUPPRESS)  # the process that is measured
    args = parser.parse_args()
    if args.film:
        annotate_film(args.video, args.film, args.data)
        return
    peaks = []
    for minutes in args.minutes:
        peaks.append(peak_mb(args.video, minutes, args.data))
        print(json.dumps({"minutes": minutes, "peak_mb": round(peaks[-1])}), flush=True)
    print(json.dumps({"longest_over_shortest": round(peaks[-1] / peaks[0], 2)}))


if __name__ == "__main__":
    main()
