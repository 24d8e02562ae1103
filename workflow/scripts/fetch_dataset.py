"""Download an open benchmark."""

import shutil

from kinesics.io.files import replacing
from kinesics_paper.datasets.download import fetch
from kinesics_paper.job import job

with job(snakemake.log[0]):
    sums = fetch(snakemake.wildcards.benchmark, snakemake.params.folder)
    with replacing(snakemake.output[0]) as temporary:
        shutil.copyfile(sums, temporary)
