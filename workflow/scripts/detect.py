"""Run one detector on one video."""

from kinesics.detectors import detect_files
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(*([snakemake.input.model] if snakemake.input.model else []))
    detect_files(
        snakemake.wildcards.detector,
        snakemake.input.tracks,
        snakemake.input.features,
        snakemake.input.model or None,
        snakemake.output.events,
        snakemake.output.tubes,
        seed=int(snakemake.wildcards.seed),
    )
