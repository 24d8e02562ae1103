"""Draw a video of the stage and its script."""

from kinesics.article import stage
from kinesics.jobs import job

with job(snakemake.log[0]):
    files = snakemake.input
    stage.strip(files.video, files.events, files.tubes, files.acts, snakemake.output[0])
