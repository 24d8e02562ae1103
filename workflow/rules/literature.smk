# The review: published results in every tier; studies of public data where the tier has them.
STUDIES = {"gpt4v": "gpt4v-emotion", "shrec2022": "shrec2022", "crema_d": "crema-d"}
RECORDS = {
    name: f"results/scores/{name}.json"
    for name, dataset in STUDIES.items()
    if dataset in config["datasets"]
}
REVIEW_FIGURES = ["scale_and_timing", "mer_unibench", "counter_evidence"]
REVIEW_TABLES = ["systems", "unverified_references"]
if RECORDS:
    REVIEW_FIGURES += ["gpt4v_sets", "gpt4v_answers", "people"]
    REVIEW_TABLES += ["gpt4v", "gpt4v_choices", "shrec2022"]


rule rescore_published:
    input:
        released=lambda wildcards: source(STUDIES[wildcards.study]),
        literature=LITERATURE,
        code=lambda wildcards: code("study.py", study(wildcards.study)),
    output:
        "results/scores/{study}.json",
    log:
        "results/logs/score/{study}.log",
    wildcard_constraints:
        study="|".join(STUDIES),
    conda:
        "../../environment.yml"
    params:
        study=lambda wildcards: f"{wildcards.study}.rescore",
        arguments=lambda wildcards: {"data": f"data/{STUDIES[wildcards.study]}"},
    script:
        "../scripts/study.py"


rule review_figures:
    input:
        records=list(RECORDS.values()),
        literature=LITERATURE,
        code=code("figure.py", article("figures", "literature")),
    output:
        out=expand(f"{GENERATED}/figures/{{figure}}.pdf", figure=REVIEW_FIGURES),
    log:
        "results/logs/review_figures.log",
    conda:
        "../../environment.yml"
    params:
        draw="literature.draw_all",
        arguments={"figures": REVIEW_FIGURES},
    script:
        "../scripts/figure.py"


rule review_tables:
    input:
        records=list(RECORDS.values()),
        literature=LITERATURE,
        code=code("table.py", article("tables", "literature")),
    output:
        out=expand(f"{GENERATED}/tables/{{table}}.tex", table=REVIEW_TABLES),
    log:
        "results/logs/review_tables.log",
    conda:
        "../../environment.yml"
    params:
        write="literature.write_all",
        arguments={"tables": REVIEW_TABLES},
    script:
        "../scripts/table.py"


# `snakemake review`: all of it but the streams, whose pictures take longer to write than all the rest to compute.
rule review:
    input:
        rules.review_figures.output,
        rules.review_tables.output,
        rules.open_data.output if config["datasets"] else [],
        list(OPEN.values()),
