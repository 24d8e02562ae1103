# Video in, article out: `snakemake --cores all`. The rules are in workflow/rules, what a tier computes in config/.
configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/downloads.smk"
include: "workflow/rules/perception.smk"
include: "workflow/rules/detectors.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/people.smk"
include: "workflow/rules/open_data.smk"
include: "workflow/rules/literature.smk"
include: "workflow/rules/benchmarks.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/notebooks.smk"


rule all:
    default_target: True
    input:
        "paper/main.pdf",
        expand("results/notebooks/{name}.ipynb", name=NOTEBOOKS),
        rules.review.input,
        STREAMS,
        rules.published_tracks.output if MADE else [],
        rules.speaking.output,
        rules.table_benchmarks.output if config["benchmarks"]["names"] else [],
