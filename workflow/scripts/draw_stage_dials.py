"""Draw a frame of the stage's first script of the dials at each level of each dial."""

from kinesics_paper.article.figures import synthetic
from kinesics_paper.job import job

with job(snakemake.log[0]):
    rows = zip(snakemake.params.rows, snakemake.input.videos, strict=True)
    videos = {(row["dial"], row["level"]): path for row, path in rows if row["script"] == 0}
    synthetic.dials(videos, snakemake.input.acts, snakemake.output[0])
