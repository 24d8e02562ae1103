"""Convert an open data set to the project's tables."""

from pathlib import Path

from kinesics_paper.datasets.open_data import write_tables
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    write_tables(snakemake.params.dataset, Path(snakemake.params.folder), Path(snakemake.params.out))
