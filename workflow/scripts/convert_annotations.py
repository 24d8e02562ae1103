"""Convert the sheet of one annotator to an events table."""

from kinesics.formats.coding_sheet import read_coding
from kinesics.structures.events import write_events_csv
from kinesics_paper.job import job

with job(snakemake.log[0]):
    write_events_csv(read_coding(snakemake.input[0]), snakemake.output[0])
