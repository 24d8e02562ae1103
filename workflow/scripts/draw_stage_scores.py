"""Draw the scores on the stage, and write them as a table."""

from kinesics_paper.article.figures.results import diagnosis, dials
from kinesics_paper.article.tables.results import stage
from kinesics_paper.job import job

with job(snakemake.log[0]):
    diagnosis(snakemake.input.scores, snakemake.params.detectors, snakemake.output.diagnosis)
    dials(snakemake.input.scores, snakemake.params.detectors, snakemake.output.dials)
    stage(snakemake.input.scores, snakemake.output.table)
