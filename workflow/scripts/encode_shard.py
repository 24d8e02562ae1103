"""Extract features of the videos of one shard of a benchmark with one frozen encoder."""

from pathlib import Path

from kinesics_paper.downloads import verify
from kinesics_paper.job import job
from kinesics_paper.studies.shards import encode_shard

with job(snakemake.log[0]):
    verify(snakemake.params.weights)
    shard, _, count = snakemake.wildcards.shard.partition("-of-")
    encode_shard(
        Path(snakemake.input.index[0]).parent,
        int(shard),
        int(count),
        snakemake.input.tracks,
        snakemake.wildcards.encoder,
        snakemake.params.weights,
        snakemake.output[0],
        see=snakemake.params.see,
        rate_hz=snakemake.params.rate_hz,
    )
