"""Ask how real the stage is to networks that learned from real faces."""

from kinesics_paper.job import job
from kinesics_paper.studies.synthetic_realism import write_realism

with job(snakemake.log[0]):
    write_realism(
        snakemake.input.videos, "results/truth/stage", "results/tracks", "results/features/fer", snakemake.output[0]
    )
