"""Write the tables of the review that the tier has the data for."""

from kinesics.jobs import job
from kinesics.review import tables
from kinesics.review.literature import read_literature
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    literature = read_literature("literature")
    records = [row for path in snakemake.input.records for row in read_records(path)]
    for name, path in zip(snakemake.params.tables, snakemake.output, strict=True):
        getattr(tables, name)(literature, records, path)
