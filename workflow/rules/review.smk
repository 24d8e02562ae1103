# The review: published results in every tier; studies of public data where the tier has them.
STUDIES = {"gpt4v": "gpt4v-emotion", "shrec2022": "shrec2022", "crema_d": "crema-d"}
RECORDS = {
    study: f"results/scores/{study}.json"
    for study, dataset in STUDIES.items()
    if dataset in config["datasets"]
}
REVIEW_FIGURES = ["scale_and_timing", "mer_unibench", "counter_evidence"]
REVIEW_TABLES = ["systems", "unverified_references"]
if RECORDS:
    REVIEW_FIGURES += ["gpt4v_sets", "gpt4v_answers", "people"]
    REVIEW_TABLES += ["gpt4v", "gpt4v_choices", "shrec2022"]


rule open_data:
    input:
        data=[path for dataset in config["datasets"] for path in source(dataset)],
        sources="config/sources.csv",
        code=code(
            "summarise_data.py", *map(str, Path("src/kinesics/adapters").glob("*.py"))
        ),
    output:
        rows="results/scores/open_data.json",
        table=f"{GENERATED}/tables/open_data.tex",
    log:
        "results/logs/open_data.log",
    conda:
        "../../environment.yml"
    params:
        datasets=config["datasets"],
    script:
        "../scripts/summarise_data.py"


rule score_study:
    input:
        data=lambda wildcards: source(STUDIES[wildcards.study]),
        literature=LITERATURE,
        sets="src/kinesics/gpt4v_sets.csv",
        code=code("score_study.py"),
    output:
        "results/scores/{study}.json",
    log:
        "results/logs/score/{study}.log",
    wildcard_constraints:
        study="|".join(STUDIES),
    conda:
        "../../environment.yml"
    params:
        folder=lambda wildcards: f"data/{STUDIES[wildcards.study]}",
    script:
        "../scripts/score_study.py"


rule review_figures:
    input:
        records=list(RECORDS.values()),
        literature=LITERATURE,
        code=code("draw_review.py"),
    output:
        expand(f"{GENERATED}/figures/{{figure}}.pdf", figure=REVIEW_FIGURES),
    log:
        "results/logs/review_figures.log",
    conda:
        "../../environment.yml"
    params:
        figures=REVIEW_FIGURES,
    script:
        "../scripts/draw_review.py"


rule review_tables:
    input:
        records=list(RECORDS.values()),
        literature=LITERATURE,
        code=code("write_review_tables.py"),
    output:
        expand(f"{GENERATED}/tables/{{table}}.tex", table=REVIEW_TABLES),
    log:
        "results/logs/review_tables.log",
    conda:
        "../../environment.yml"
    params:
        tables=REVIEW_TABLES,
    script:
        "../scripts/write_review_tables.py"
