"""Run one detector on some videos."""

from kinesics.detectors import detect_files
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    files, model = snakemake.input, snakemake.input.model or None
    verify(*([model] if model else []))
    # A detector without features reads none.
    features = [[path] for path in files.features] or [[]] * len(files.tracks)
    for tracks, read, events, tubes in zip(
        files.tracks, features, snakemake.output.events, snakemake.output.tubes, strict=True
    ):
        detect_files(
            snakemake.wildcards.detector, tracks, read, model, events, tubes, seed=int(snakemake.wildcards.seed)
        )
