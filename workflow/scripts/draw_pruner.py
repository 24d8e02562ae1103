"""Draw how many tokens VideoLLaMA 3's pruner keeps of a few clips under noise."""

from kinesics.article.foundation import pruner
from kinesics.jobs import job

with job(snakemake.log[0]):
    videos = dict(zip(snakemake.params.clips, snakemake.input.media, strict=True))
    for name, shares in pruner(videos, snakemake.output[0]).items():
        print(name, shares.round(4).tolist())
