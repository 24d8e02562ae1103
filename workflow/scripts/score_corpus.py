"""Score the features of one encoder on a corpus in its official splits."""

from pathlib import Path

from kinesics.corpora.probe import evaluate
from kinesics.jobs import job

with job(snakemake.log[0]):
    evaluate(
        snakemake.wildcards.corpus,
        Path(snakemake.input.index[0]).parent,
        snakemake.input.tracks,
        snakemake.input.features,
        snakemake.wildcards.encoder,
        snakemake.output[0],
        resamples=snakemake.params.resamples,
    )
