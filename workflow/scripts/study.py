"""Run a study and write its result as JSON."""

from kinesics.io.files import write_json
from kinesics_paper.downloads import verify
from kinesics_paper.job import call, function, job, named_files

with job(snakemake.log[0]):
    verify(*(path for path in snakemake.input if path.startswith("data/")))
    run = function(snakemake.params.study, "studies")
    write_json(snakemake.output[0], call(run, named_files(snakemake.input), snakemake.params.get("arguments", {})))
