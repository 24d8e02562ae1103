"""Train a variant of the proposal with every seed, and score it."""

from kinesics_paper.job import job
from kinesics_paper.studies.proposal_studies import ablation

with job(snakemake.log[0]):
    files = snakemake.input
    ablation(
        snakemake.wildcards.variant,
        snakemake.params.options,
        files.training,
        files.validation,
        files.tracks,
        files.features,
        files.lessons,
        files.truth,
        files.models,
        snakemake.params.seeds,
        snakemake.params.score,
        snakemake.output[0],
    )
