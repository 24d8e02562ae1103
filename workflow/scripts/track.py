"""Track people in some videos."""

from pathlib import Path

from kinesics.perception.tracking import track
from kinesics_paper.job import job

with job(snakemake.log[0]):
    for video, out in zip(snakemake.input.videos, snakemake.output, strict=True):
        track(
            Path(video),
            Path(snakemake.input.networks[0]).parent,
            Path(out),
            rate_hz=snakemake.params.rate_hz,
            max_people=snakemake.params.max_people,
            workers=snakemake.threads,
        )
