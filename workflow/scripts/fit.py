"""Train one detector: on all videos, or once for each video that its model must not have seen; with each seed."""

from kinesics.detectors.runner import fit_seeds
from kinesics_paper.job import job

with job(snakemake.log[0]):
    for training in snakemake.params.trainings:
        fit_seeds(snakemake.params.detector, **training)
