"""Turn one coder's table into an events table."""

from kinesics.annotations import read_coding
from kinesics.events import write_events
from kinesics.jobs import job

with job(snakemake.log[0]):
    write_events(read_coding(snakemake.input[0]), snakemake.output[0])
