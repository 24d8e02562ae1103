"""Write the table of the study of the open data."""

from kinesics_paper.article.tables import cross_validation
from kinesics_paper.job import job

with job(snakemake.log[0]):
    cross_validation.table(snakemake.input.scores, snakemake.output[0])
