"""Draw one figure of the review."""

from kinesics.jobs import job
from kinesics.review import figures
from kinesics.review.literature import read_literature
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    records = [row for path in snakemake.input.records for row in read_records(path)]
    draw = getattr(figures, snakemake.wildcards.figure)
    draw(read_literature("literature")["published_results"], records, snakemake.output[0])
