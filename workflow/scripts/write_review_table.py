"""Write one table of the review."""

from kinesics.jobs import job
from kinesics.review import tables
from kinesics.review.literature import read_literature
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    records = [row for path in snakemake.input.records for row in read_records(path)]
    write = getattr(tables, snakemake.wildcards.table)
    write(read_literature("literature"), records, snakemake.output[0])
