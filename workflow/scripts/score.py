"""Score every detector on the real clips, and the coders against each other."""

from kinesics_paper.job import job
from kinesics_paper.studies.detector_comparison import score_real_clips

with job(snakemake.log[0]):
    events = {
        detector: {
            seed: [f"results/events/{detector}/{seed}/{video}.csv" for video in snakemake.params.clips]
            for seed in seeds
        }
        for detector, seeds in snakemake.params.detectors.items()
    }
    score_real_clips(snakemake.input.truth, snakemake.input.tracks, events, snakemake.params.score, snakemake.output[0])
