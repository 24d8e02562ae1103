"""Draw the proposal and its studies, and write their tables."""

from kinesics_paper.article.figures import proposal
from kinesics_paper.job import job

with job(snakemake.log[0]):
    files, out = snakemake.input, snakemake.output
    proposal.architecture(out.architecture)
    proposal.budget(files.budget, out.budget)
    proposal.training(files.models, out.curves)
    proposal.learning_curve(files.learning, out.learning)
    proposal.ablation(files.ablations, out.ablation)
    proposal.costs(files.models, files.measured, out.costs)
