"""Write an open data set as events and tracks."""

from kinesics_paper.datasets.open_data import write_tables
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    dataset = snakemake.params.dataset
    write_tables(dataset, f"data/{dataset}", f"results/open/{dataset}")
