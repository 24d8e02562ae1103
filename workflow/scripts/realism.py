"""Ask how real the stage is to networks that learned from real faces."""

from kinesics.evaluation.realism import write_realism
from kinesics.jobs import job

with job(snakemake.log[0]):
    write_realism(
        snakemake.input.videos, "results/truth/stage", "results/tracks", "results/features/fer", snakemake.output[0]
    )
