"""Train the proposal on some of the training videos with every seed, and score it."""

from kinesics_paper.job import job
from kinesics_paper.studies.proposal_studies import learning_curve

with job(snakemake.log[0]):
    files = snakemake.input
    learning_curve(
        files.training,
        files.validation,
        files.test,
        files.clips,
        files.features,
        files.lessons,
        files.truth,
        files.coders,
        files.models,
        snakemake.params.seeds,
        snakemake.params.score,
        snakemake.output[0],
    )
