"""Write an open data set as events and tracks."""

from kinesics.adapters import write
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    dataset = snakemake.params.dataset
    write(dataset, f"data/{dataset}", f"results/open/{dataset}")
