"""Run one detector on some videos, with the models of each seed."""

from kinesics.detectors.runner import Run, detect_runs
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    runs = [Run(**run) for run in snakemake.params.runs]
    verify(*sorted({run.model for run in runs if run.model}))
    detect_runs(snakemake.params.detector, runs, snakemake.params.confident_only)
