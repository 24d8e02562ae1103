"""Draw the timelines of a few clips."""

from kinesics.article import figures
from kinesics.jobs import job

with job(snakemake.log[0]):
    clips = snakemake.params.clips
    events = {name: [f"results/events/{name}/0/{clip}.csv" for clip in clips] for name in snakemake.params.detectors}
    figures.timelines(clips, snakemake.input.media, snakemake.input.truth, events, snakemake.output[0])
