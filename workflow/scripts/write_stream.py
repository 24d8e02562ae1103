"""Join clips of EgoGestAR to one stream."""

from kinesics.adapters.egogestar import write_stream
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    write_stream("data/egogestar", snakemake.wildcards.video, snakemake.output[0])
