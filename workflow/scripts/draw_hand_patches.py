"""Draw what the patches of a vision transformer know of a hand."""

from kinesics.article.foundation import hand_patches
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(snakemake.input.weights)
    print(hand_patches(snakemake.input.video, snakemake.input.tracks, snakemake.input.weights, snakemake.output[0]))
