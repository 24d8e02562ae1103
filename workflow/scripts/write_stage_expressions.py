"""Write the table of what the expression network says of the stage's displays."""

from kinesics_paper.article.figures import synthetic
from kinesics_paper.job import job

with job(snakemake.log[0]):
    synthetic.expressions(snakemake.input[0], snakemake.output[0])
