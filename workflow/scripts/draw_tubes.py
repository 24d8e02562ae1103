"""Draw the proposal's tubes in a real clip."""

from kinesics_paper.article.figures import proposal
from kinesics_paper.job import job

with job(snakemake.log[0]):
    files = snakemake.input
    proposal.tubes(files.video, files.events[0], files.tubes[0], files.truth, snakemake.output[0])
