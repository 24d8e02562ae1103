"""Score every detector on the stage: on its test videos, and across its dials."""

from kinesics.structures.truth_files import truth_files
from kinesics_paper.job import job
from kinesics_paper.studies.detector_comparison import score_synthetic

with job(snakemake.log[0]):
    videos = snakemake.params.videos
    truth = {video: truth_files("results/truth/stage", video) for video in videos}
    detected = [
        {
            detector: {
                seed: {
                    video: f"results/events/{detector}/{seed}/{video}.{suffix}"
                    for video in snakemake.params.seen[detector]
                }
                for seed in seeds
            }
            for detector, seeds in snakemake.params.detectors.items()
        }
        for suffix in ("csv", "tubes.parquet")
    ]
    score_synthetic(
        snakemake.input.videos,
        {video: files["events"] for video, files in truth.items()},
        {video: files["tubes"] for video, files in truth.items()},
        {video: f"results/tracks/{video}.parquet" for video in videos},
        *detected,
        snakemake.params.score,
        snakemake.output[0],
        models=snakemake.params.models,
        frames={video: files["frames"] for video, files in truth.items()},
        reference=snakemake.params.reference,
    )
