"""Draw what the patches of a frozen encoder know of a hand."""

from kinesics.io.files import write_json
from kinesics_paper.article.figures.foundation import hand_patches
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    areas = hand_patches(
        snakemake.input.video, snakemake.input.tracks, snakemake.input.weights, snakemake.output.figure
    )
    write_json(snakemake.output.areas, [round(area, 6) for area in areas])
