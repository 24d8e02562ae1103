"""Join clips of EgoGestAR to one stream."""

from kinesics_paper.datasets.egogestar import write_stream
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    write_stream(snakemake.params.folder, snakemake.wildcards.video, snakemake.output[0])
