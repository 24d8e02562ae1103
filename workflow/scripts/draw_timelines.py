"""Draw the timelines of a few clips."""

from kinesics_paper.article.figures import results
from kinesics_paper.job import job

with job(snakemake.log[0]):
    clips = snakemake.params.clips
    events = {name: [f"results/events/{name}/0/{clip}.csv" for clip in clips] for name in snakemake.params.detectors}
    results.timelines(clips, snakemake.input.media, snakemake.input.truth, events, snakemake.output[0])
