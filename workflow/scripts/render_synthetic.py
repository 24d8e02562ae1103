"""Render one synthetic video."""

from pathlib import Path

from kinesics.synthetic.dataset import render_video
from kinesics_paper.job import job

with job(snakemake.log[0]):
    truth = {name: Path(path) for name, path in snakemake.output.items() if name != "video"}
    render_video(
        snakemake.params.row, snakemake.params.size, snakemake.output.video, truth, Path(snakemake.params.actors)
    )
