"""Draw each detector's event F1 a label."""

from kinesics.article import figures
from kinesics.jobs import job

with job(snakemake.log[0]):
    figures.per_label(snakemake.input[0], snakemake.params.detectors, snakemake.output[0])
