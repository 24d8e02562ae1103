"""Write the article's tables of its own data and results."""

from kinesics_paper.article.tables import results as tables
from kinesics_paper.job import job

with job(snakemake.log[0]):
    data, agreement, methods, results = snakemake.output
    media = dict(zip(snakemake.params.clips, snakemake.input.media, strict=True))
    tables.data(media, snakemake.params.datasets, data)
    tables.agreement(snakemake.input.scores, snakemake.input.truth, agreement)
    tables.methods(snakemake.params.detectors, methods)
    tables.results(snakemake.input.scores, results)
