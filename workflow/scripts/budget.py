"""Score the proposal at every budget and policy."""

from kinesics.evaluation.budget import budget_curve
from kinesics.jobs import job

with job(snakemake.log[0]):
    files = snakemake.input
    budget_curve(files.tracks, files.features, files.truth, files.models, snakemake.params.score, snakemake.output[0])
