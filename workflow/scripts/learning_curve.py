"""Train the proposal on some of the training videos with every seed, and score it."""

from kinesics.evaluation.budget import learning_curve
from kinesics.jobs import job

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
