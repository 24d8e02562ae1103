"""Run one detector on some videos, with the models of each seed."""

from itertools import product
from pathlib import Path

from kinesics.detectors import detect_files
from kinesics.jobs import job
from kinesics.sources import verify

with job(snakemake.log[0]):
    files, runs = snakemake.input, list(product(snakemake.params.seeds, snakemake.input.tracks))
    verify(*sorted(set(files.models)))
    # A detector without a model runs without.
    models = files.models or [None] * len(runs)
    for (seed, tracks), model, events, tubes in zip(
        runs, models, snakemake.output.events, snakemake.output.tubes, strict=True
    ):
        features = [path for path in files.features if Path(path).stem == Path(tracks).stem]
        detect_files(
            snakemake.params.detector, tracks, features, model, events, tubes, seed=seed, sure=snakemake.params.sure
        )
