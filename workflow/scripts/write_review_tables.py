"""Write the tables of the review that the tier has the data for."""

from kinesics_paper.article.tables import literature as tables
from kinesics_paper.job import job
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature

with job(snakemake.log[0]):
    literature = read_literature("literature")
    records = [row for path in snakemake.input.records for row in read_records(path)]
    for name, path in zip(snakemake.params.tables, snakemake.output, strict=True):
        getattr(tables, name)(literature, records, path)
