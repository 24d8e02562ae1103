"""Draw each detector's event F1 a label."""

from kinesics_paper.article.figures import results
from kinesics_paper.job import job

with job(snakemake.log[0]):
    results.per_label(snakemake.input[0], snakemake.params.detectors, snakemake.output[0])
