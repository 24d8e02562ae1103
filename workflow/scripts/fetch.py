"""Download the files of one source."""

from pathlib import Path

from kinesics_paper.downloads import fetch
from kinesics_paper.job import job

with job(snakemake.log[0]):
    fetch(snakemake.params.source, Path("data"))
