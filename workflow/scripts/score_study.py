"""Score the public data of one study of the review."""

from kinesics.jobs import job
from kinesics.review.crema_d import score_crema_d
from kinesics.review.gpt4v import score_gpt4v
from kinesics.review.literature import read_literature
from kinesics.review.shrec2022 import score_shrec2022
from kinesics.sources import verify

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    score = {"gpt4v": score_gpt4v, "shrec2022": score_shrec2022, "crema_d": score_crema_d}[snakemake.wildcards.study]
    score(snakemake.params.folder, read_literature("literature")["published_results"], snakemake.output[0])
