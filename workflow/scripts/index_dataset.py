"""Index a benchmark; if it is missing, report what to sign and where to unpack it."""

from pathlib import Path

from kinesics_paper.datasets.index import write_index
from kinesics_paper.job import job

with job(snakemake.log[0]):
    write_index(snakemake.wildcards.benchmark, snakemake.params.folder, Path(snakemake.output[0]).parent)
