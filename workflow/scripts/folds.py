"""Train and score detectors in the folds of an open data set."""

from kinesics_paper.job import job
from kinesics_paper.studies.cross_validation import cross_validate

with job(snakemake.log[0]):
    params, dataset = snakemake.params, snakemake.wildcards.dataset
    cross_validate(
        dataset,
        f"results/open/{dataset}",
        params.detectors,
        params.settings,
        params.score,
        snakemake.output[0],
        reference=params.reference,
    )
