"""Find who is where in one video."""

from pathlib import Path

from kinesics.jobs import job
from kinesics.people import track

with job(snakemake.log[0]):
    track(
        Path(snakemake.input.video),
        Path(snakemake.input.bundles[0]).parent,
        Path(snakemake.output[0]),
        rate_hz=snakemake.params.rate_hz,
        max_people=snakemake.params.max_people,
    )
