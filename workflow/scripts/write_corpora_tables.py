"""Write the tables of the benchmarks: what each is and gave, and what is known of each system on each."""

from kinesics_paper.article.tables import benchmarks
from kinesics_paper.job import job
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature

with job(snakemake.log[0]):
    records = [row for path in snakemake.input.records for row in read_records(path)]
    benchmarks.benchmarks(snakemake.input.scores, snakemake.output.corpora)
    benchmarks.coverage(read_literature("literature"), records, snakemake.input.scores, snakemake.output.coverage)
