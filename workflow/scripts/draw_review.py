"""Draw the figures of the review that the tier has the data for."""

from kinesics_paper.article.figures import literature
from kinesics_paper.job import job
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature

with job(snakemake.log[0]):
    results = read_literature("literature")["published_results"]
    records = [row for path in snakemake.input.records for row in read_records(path)]
    for name, path in zip(snakemake.params.figures, snakemake.output, strict=True):
        getattr(literature, name)(results, records, path)
