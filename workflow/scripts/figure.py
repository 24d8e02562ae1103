"""Draw a figure of the article, or several; write what was measured on the way, if the rule wants it, as JSON."""

from kinesics.io.files import write_json
from kinesics_paper.downloads import verify
from kinesics_paper.job import call, function, job, named_files

with job(snakemake.log[0]):
    verify(*(path for path in snakemake.input if path.startswith("data/")))
    draw = function(snakemake.params.draw, "article.figures")
    outputs = named_files(snakemake.output)
    measured = call(draw, named_files(snakemake.input), snakemake.params.get("arguments", {}), outputs)
    if "data" in outputs:
        write_json(outputs["data"], measured)
