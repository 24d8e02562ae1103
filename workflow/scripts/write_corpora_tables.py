"""Write the tables of the benchmarks: what each is and gave, and what is known of each system on each."""

from kinesics.article import tables
from kinesics.jobs import job
from kinesics.review.literature import read_literature
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    records = [row for path in snakemake.input.records for row in read_records(path)]
    tables.corpora(snakemake.input.scores, snakemake.output.corpora)
    tables.coverage(read_literature("literature"), records, snakemake.input.scores, snakemake.output.coverage)
