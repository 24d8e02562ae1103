"""Write the table of the study of the open data."""

from kinesics.article import folds
from kinesics.jobs import job

with job(snakemake.log[0]):
    folds.table(snakemake.input.scores, snakemake.output[0])
