"""Write every number of the article."""

from kinesics.article import folds, foundation, numbers, proposal, stage
from kinesics.jobs import job
from kinesics.review.literature import read_literature
from kinesics.review.numbers import review_numbers
from kinesics.review.records import read_records

with job(snakemake.log[0]):
    files, config = snakemake.input, snakemake.params.config
    review = review_numbers(read_literature("literature"), *map(read_records, files.records))
    played = stage.numbers(files.stage_videos, files.stage_truth, files.stage_lines, files.realism, config["stage"])
    also = review | played | numbers.stage_scores(files.on_stage)
    also |= foundation.numbers(files.pruner, files.hand_patches)
    also |= proposal.numbers(files.budget, files.ablations, files.learning, files.on_stage)
    also |= folds.numbers(files.folds)
    collected = numbers.collect(files.scores, files.tracks, files.truth, files.released, config, also)
    numbers.write(collected, snakemake.output.tex, snakemake.output.json)
