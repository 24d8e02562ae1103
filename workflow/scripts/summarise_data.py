"""Count what the open data sets of the tier hold."""

from kinesics.io.files import write_json
from kinesics_paper.article.tables import results
from kinesics_paper.datasets.open_data import summarise
from kinesics_paper.job import job

with job(snakemake.log[0]):
    rows = summarise("results/open", snakemake.params.datasets)
    write_json(snakemake.output.rows, rows)
    results.open_data(rows, snakemake.output.table)
