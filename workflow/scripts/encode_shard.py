"""Extract features of the videos of one shard of a benchmark with one frozen encoder."""

from pathlib import Path

from kinesics_paper.downloads import verify
from kinesics_paper.job import job
from kinesics_paper.studies.shards import Shard, encode_shard

with job(snakemake.log[0]):
    verify(snakemake.params.weights)
    encode_shard(
        Shard.parse(Path(snakemake.input.index[0]).parent, snakemake.wildcards.shard),
        snakemake.input.tracks,
        snakemake.wildcards.encoder,
        snakemake.params.weights,
        snakemake.output[0],
        see=snakemake.params.see,
        rate_hz=snakemake.params.rate_hz,
    )
