"""Run a study that writes its result itself."""

from kinesics_paper.job import call, function, job, named_files

with job(snakemake.log[0]):
    run = function(snakemake.params.study, "studies")
    call(run, named_files(snakemake.input), snakemake.params.arguments, {"out": snakemake.output[0]})
