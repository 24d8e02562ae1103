"""Write every number of the article."""

from kinesics.article import numbers
from kinesics.jobs import job

with job(snakemake.log[0]):
    files = snakemake.input
    collected = numbers.collect(files.scores, files.tracks, files.truth, files.released, snakemake.params.config)
    numbers.write(collected, snakemake.output.tex, snakemake.output.json)
