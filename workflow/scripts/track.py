"""Find who is where in some videos."""

from pathlib import Path

from kinesics.jobs import job
from kinesics.people import track

with job(snakemake.log[0]):
    for video, out in zip(snakemake.input.videos, snakemake.output, strict=True):
        track(
            Path(video),
            Path(snakemake.input.bundles[0]).parent,
            Path(out),
            rate_hz=snakemake.params.rate_hz,
            max_people=snakemake.params.max_people,
        )
