"""Draw how many tokens VideoLLaMA 3's pruner keeps of a few clips under noise."""

from kinesics.io.files import write_json
from kinesics_paper.article.figures.foundation import pruner
from kinesics_paper.job import job

with job(snakemake.log[0]):
    videos = dict(zip(snakemake.params.clips, snakemake.input.media, strict=True))
    shares = pruner(videos, snakemake.output.figure)
    write_json(snakemake.output.shares, {name: values.round(6).tolist() for name, values in shares.items()})
