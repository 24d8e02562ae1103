"""Count what the open data sets of the tier hold."""

from kinesics.adapters import summary
from kinesics.article import tables
from kinesics.files import write_json
from kinesics.jobs import job

with job(snakemake.log[0]):
    rows = summary("results/open", snakemake.input.sources, snakemake.params.datasets)
    write_json(snakemake.output.rows, rows)
    tables.open_data(rows, snakemake.output.table)
