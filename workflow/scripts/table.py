"""Write a table of the article, or several; write its rows, if the rule wants them, as JSON."""

from kinesics.io.files import write_json
from kinesics_paper.job import call, function, job, named_files

with job(snakemake.log[0]):
    write = function(snakemake.params.write, "article.tables")
    outputs = named_files(snakemake.output)
    rows = call(write, named_files(snakemake.input), snakemake.params.get("arguments", {}), outputs)
    if "data" in outputs:
        write_json(outputs["data"], rows)
