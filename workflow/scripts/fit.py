"""Train one detector on videos; or, for each video that its model must not have seen, on all others; with each seed."""

from pathlib import Path

from kinesics.detectors.runner import fit_seeds
from kinesics_paper.job import job

with job(snakemake.log[0]):
    params, files = snakemake.params, snakemake.input
    count = len(params.unseen)
    for number, unseen in enumerate(params.unseen):
        tracks, features = (
            [path for path in paths if Path(path).stem != unseen] for paths in (files.tracks, files.features)
        )
        # Outputs are seed by seed, within a seed video by video.
        outs = dict(zip(params.seeds, snakemake.output[number::count], strict=True))
        fit_seeds(params.detector, tracks, features, files.truth, outs, files.get("validation", []))
