"""Score the features of one encoder on a corpus in its official splits."""

from pathlib import Path

from kinesics_paper.job import job
from kinesics_paper.studies.linear_probe import evaluate

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
