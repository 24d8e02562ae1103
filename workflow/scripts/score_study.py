"""Score the public data of one study of the review."""

from kinesics_paper.downloads import verify
from kinesics_paper.job import job
from kinesics_paper.literature.tables import read_literature
from kinesics_paper.studies.crema_d import score_crema_d
from kinesics_paper.studies.gpt4v import score_gpt4v
from kinesics_paper.studies.shrec2022 import score_shrec2022

with job(snakemake.log[0]):
    verify(*snakemake.input.data)
    score = {"gpt4v": score_gpt4v, "shrec2022": score_shrec2022, "crema_d": score_crema_d}[snakemake.wildcards.study]
    score(snakemake.params.folder, read_literature("literature")["published_results"], snakemake.output[0])
