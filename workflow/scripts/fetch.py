"""Fetch the files of one source."""

from pathlib import Path

from kinesics.jobs import job
from kinesics.sources import fetch

with job(snakemake.log[0]):
    fetch(snakemake.params.source, Path("data"))
