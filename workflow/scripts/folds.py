"""Train and score detectors in the folds of an open data set."""

from kinesics_paper.job import job
from kinesics_paper.studies.cross_validation import folds

with job(snakemake.log[0]):
    params, dataset = snakemake.params, snakemake.wildcards.dataset
    folds(
        dataset,
        f"results/open/{dataset}",
        params.detectors,
        params.settings,
        params.score,
        snakemake.output[0],
        reference=params.reference,
    )
