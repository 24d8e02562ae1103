"""Train one detector on videos; or, for each video that its model must not have seen, on all others; with each seed."""

from itertools import product
from pathlib import Path

from kinesics.detectors import fit_files
from kinesics.jobs import job

with job(snakemake.log[0]):
    validation = snakemake.input.get("validation", [])
    for (seed, unseen), out in zip(
        product(snakemake.params.seeds, snakemake.params.unseen), snakemake.output, strict=True
    ):
        tracks, features = (
            [path for path in paths if Path(path).stem != unseen]
            for paths in (snakemake.input.tracks, snakemake.input.features)
        )
        fit_files(snakemake.params.detector, tracks, features, snakemake.input.truth, out, seed, validation)
