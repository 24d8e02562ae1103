"""Write the table of what the expression network says of the stage's displays."""

from kinesics.article import stage
from kinesics.jobs import job

with job(snakemake.log[0]):
    stage.expressions(snakemake.input[0], snakemake.output[0])
