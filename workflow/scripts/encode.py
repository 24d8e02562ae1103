"""Let one encoder see the crops of the people of some videos."""

from pathlib import Path

from kinesics.encode import encode
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.params.weights)
    for video, tracks, out in zip(snakemake.input.videos, snakemake.input.tracks, snakemake.output, strict=True):
        encode(
            Path(video),
            Path(tracks),
            snakemake.wildcards.encoder,
            Path(snakemake.params.weights),
            Path(out),
            rate_hz=snakemake.params.rate_hz,
        )
