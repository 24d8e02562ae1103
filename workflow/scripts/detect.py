"""Run one detector on some videos, with the models of each seed."""

from pathlib import Path

from kinesics.detectors.runner import detect_seeds
from kinesics_paper.downloads import verify
from kinesics_paper.job import job

with job(snakemake.log[0]):
    files, out, params = snakemake.input, snakemake.output, snakemake.params
    verify(*sorted(set(files.models)))
    count = len(files.tracks)
    # Seed by seed, within a seed video by video; a detector without a model runs without.
    models = files.models or [None] * (len(params.seeds) * count)
    for number, tracks in enumerate(files.tracks):
        runs = dict(
            zip(
                params.seeds,
                zip(models[number::count], out.events[number::count], out.tubes[number::count], strict=True),
                strict=True,
            )
        )
        features = [path for path in files.features if Path(path).stem == Path(tracks).stem]
        detect_seeds(params.detector, tracks, features, runs, params.sure)
