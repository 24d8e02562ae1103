# Video in, article out: `snakemake --cores all`. The rules are in workflow/rules, what a tier computes in config/.
configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/synthetic.smk"
include: "workflow/rules/tracks.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/detectors.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/literature.smk"
include: "workflow/rules/foundation.smk"
include: "workflow/rules/benchmarks.smk"
include: "workflow/rules/proposal.smk"
include: "workflow/rules/folds.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/notebooks.smk"


rule all:
    default_target: True
    input:
        "paper/main.pdf",
        expand("results/notebooks/{name}.ipynb", name=NOTEBOOKS),
        rules.review.input,
        STREAMS,
        rules.corpora_tables.output if config["corpora"]["names"] else [],
