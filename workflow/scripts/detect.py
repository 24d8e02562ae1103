"""Run one detector on some videos."""

from kinesics.detectors import detect_files
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    files = snakemake.input
    verify(*sorted(set(files.models)))
    # A detector without features reads none, and one without a model runs without.
    features = [[path] for path in files.features] or [[]] * len(files.tracks)
    models = files.models or [None] * len(files.tracks)
    for tracks, read, model, events, tubes in zip(
        files.tracks, features, models, snakemake.output.events, snakemake.output.tubes, strict=True
    ):
        detect_files(
            snakemake.wildcards.detector, tracks, read, model, events, tubes, seed=int(snakemake.wildcards.seed)
        )
