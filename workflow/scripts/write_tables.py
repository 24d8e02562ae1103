"""Write the article's tables."""

from kinesics.article import tables
from kinesics.jobs import job

with job(snakemake.log[0]):
    data, agreement, methods, results = snakemake.output
    tables.data(dict(zip(snakemake.params.clips, snakemake.input.media, strict=True)), data, snakemake.params.tier)
    tables.agreement(snakemake.input.scores, snakemake.input.truth, agreement)
    tables.methods(methods)
    tables.results(snakemake.input.scores, results)
