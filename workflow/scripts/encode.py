"""Let one encoder see the crops of one video's people."""

from pathlib import Path

from kinesics.encode import encode
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.params.weights)
    encode(
        Path(snakemake.input.video),
        Path(snakemake.input.tracks),
        snakemake.wildcards.encoder,
        Path(snakemake.params.weights),
        Path(snakemake.output[0]),
        rate_hz=snakemake.params.rate_hz,
    )
