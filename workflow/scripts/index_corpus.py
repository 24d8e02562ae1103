"""Read a corpus that was fetched or placed; say what to sign and where to unpack if it is not there."""

from pathlib import Path

from kinesics_paper.datasets.index import write_index
from kinesics_paper.job import job

with job(snakemake.log[0]):
    write_index(snakemake.wildcards.corpus, snakemake.params.folder, Path(snakemake.output[0]).parent)
