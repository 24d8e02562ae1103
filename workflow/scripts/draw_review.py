"""Draw the figures of the review that the tier has the data for."""

from kinesics.jobs import job
from kinesics.review import figures
from kinesics.review.literature import read_literature
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    results = read_literature("literature")["published_results"]
    records = [row for path in snakemake.input.records for row in read_records(path)]
    for name, path in zip(snakemake.params.figures, snakemake.output, strict=True):
        getattr(figures, name)(results, records, path)
