"""Copy a clip, checked once more, to the name of its video."""

import shutil

from kinesics.io.files import replacing
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(snakemake.input[0])
    with replacing(snakemake.output[0]) as temporary:
        shutil.copyfile(snakemake.input[0], temporary)
