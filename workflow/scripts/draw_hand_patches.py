"""Draw what the patches of a frozen encoder know of a hand."""

from kinesics.article.foundation import hand_patches
from kinesics.files import write_json
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    areas = hand_patches(
        snakemake.input.video, snakemake.input.tracks, snakemake.input.weights, snakemake.output.figure
    )
    write_json(snakemake.output.areas, [round(area, 6) for area in areas])
