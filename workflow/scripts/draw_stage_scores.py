"""Draw the scores on the stage, and write them as a table."""

from kinesics.article import figures, tables
from kinesics.jobs import job

with job(snakemake.log[0]):
    figures.diagnosis(snakemake.input.scores, snakemake.params.detectors, snakemake.output.diagnosis)
    figures.dials(snakemake.input.scores, snakemake.params.detectors, snakemake.output.dials)
    tables.stage(snakemake.input.scores, snakemake.output.table)
