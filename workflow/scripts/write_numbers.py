"""Write every number of the article."""

from kinesics_paper.article import latex_numbers
from kinesics_paper.article.figures import foundation, proposal, synthetic
from kinesics_paper.article.numbers import results
from kinesics_paper.article.numbers.literature import review_numbers
from kinesics_paper.article.tables import cross_validation
from kinesics_paper.job import job
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature

with job(snakemake.log[0]):
    files, config = snakemake.input, snakemake.params.config
    review = review_numbers(read_literature("literature"), *map(read_records, files.records))
    played = synthetic.numbers(files.stage_videos, files.stage_truth, files.stage_lines, files.realism, config["stage"])
    also = review | played | results.stage_scores(files.on_stage)
    also |= foundation.numbers(files.pruner, files.hand_patches)
    also |= proposal.numbers(files.budget, files.ablations, files.learning, files.on_stage)
    also |= cross_validation.numbers(files.folds)
    collected = results.collect(files.scores, files.tracks, files.truth, files.released, config, also)
    latex_numbers.write(collected, snakemake.output.tex, snakemake.output.json)
