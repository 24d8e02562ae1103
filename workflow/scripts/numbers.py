"""Write every number of the article."""

from kinesics_paper.article.latex_numbers import write
from kinesics_paper.article.numbers.collection import collect
from kinesics_paper.job import job, named_files

with job(snakemake.log[0]):
    numbers = collect(named_files(snakemake.input), snakemake.params.config)
    write(numbers, snakemake.output.tex, snakemake.output.json)
