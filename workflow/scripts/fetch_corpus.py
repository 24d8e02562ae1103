"""Download an open corpus."""

import shutil

from kinesics.corpora.download import fetch
from kinesics.files import replacing
from kinesics.jobs import job

with job(snakemake.log[0]):
    sums = fetch(snakemake.wildcards.corpus, snakemake.params.folder)
    with replacing(snakemake.output[0]) as temporary:
        shutil.copyfile(sums, temporary)
