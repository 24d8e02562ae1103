"""Rewrite the truth of synthetic videos with the tracker's person ids, for detectors to learn from."""

from kinesics_paper.job import job
from kinesics_paper.studies.training_truth import write_training_truth

with job(snakemake.log[0]):
    write_training_truth(snakemake.input.truth, snakemake.input.frames, snakemake.input.tracks, snakemake.output[0])
