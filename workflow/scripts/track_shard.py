"""Track people in the videos of one shard of a benchmark."""

from pathlib import Path

from kinesics_paper.job import job
from kinesics_paper.studies.shards import Shard, track_shard

with job(snakemake.log[0]):
    track_shard(
        Shard.parse(Path(snakemake.input.index[0]).parent, snakemake.wildcards.shard),
        Path(snakemake.input.networks[0]).parent,
        snakemake.output[0],
        see=snakemake.params.see,
        rate_hz=snakemake.params.rate_hz,
        max_people=snakemake.params.max_people,
        workers=snakemake.threads,
    )
