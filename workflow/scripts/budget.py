"""Score the proposal at every budget and policy."""

from kinesics_paper.job import job
from kinesics_paper.studies.proposal_studies import budget_curve

with job(snakemake.log[0]):
    files = snakemake.input
    budget_curve(files.tracks, files.features, files.truth, files.models, snakemake.params.score, snakemake.output[0])
