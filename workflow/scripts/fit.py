"""Train one detector on all clips but one."""

from kinesics.detectors import fit_files
from kinesics.jobs import job

with job(snakemake.log[0]):
    fit_files(
        snakemake.wildcards.detector,
        snakemake.input.tracks,
        snakemake.input.features,
        snakemake.input.truth,
        snakemake.output[0],
        seed=int(snakemake.wildcards.seed),
        validation=snakemake.input.get("validation", []),
    )
