"""Draw a video of the stage and its script."""

from kinesics_paper.article.figures import synthetic
from kinesics_paper.job import job

with job(snakemake.log[0]):
    files = snakemake.input
    synthetic.strip(files.video, files.events, files.tubes, files.acts, snakemake.output[0])
