"""Write the tracks and features of a clip as they are published: tracks rounded, features as they are."""

import shutil

from kinesics.io.files import replacing
from kinesics_paper.datasets.people_tracks import round_tracks
from kinesics_paper.job import job

with job(snakemake.log[0]):
    round_tracks(snakemake.input.tracks, snakemake.output.tracks)
    for path, out in zip(snakemake.input.features, snakemake.output.features, strict=True):
        with replacing(out) as temporary:
            shutil.copyfile(path, temporary)
