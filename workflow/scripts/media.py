"""Put a clip, checked once more, under the name of its video."""

import shutil

from kinesics.files import replacing
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.input[0])
    with replacing(snakemake.output[0]) as temporary:
        shutil.copyfile(snakemake.input[0], temporary)
