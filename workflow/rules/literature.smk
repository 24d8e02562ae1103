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


# The open data sets as files, each with all that its adapter gives.
OPEN = {
    dataset: [f"results/open/{dataset}/{name}" for name in output_names(dataset)]
    for dataset in config["datasets"]
}
STREAMS = (
    expand(
        "results/open/egogestar/media/{video}.mp4",
        video=find_open_dataset("egogestar").VIDEOS,
    )
    if "egogestar" in OPEN
    else []
)

for _dataset, _files in OPEN.items():

    rule:
        name:
            f"open_{_dataset.replace('-', '_')}"
        input:
            data=source(_dataset),
            code=code(
                "write_open_data.py",
                f"src/kinesics_paper/datasets/{_dataset.replace('-', '_')}.py",
            ),
        output:
            _files,
        log:
            f"results/logs/open/{_dataset}.log",
        conda:
            "../../environment.yml"
        params:
            dataset=_dataset,
        script:
            "../scripts/write_open_data.py"


rule stream:
    input:
        data=source("egogestar"),
        code=code("write_stream.py"),
    output:
        "results/open/egogestar/media/{video}.mp4",
    log:
        "results/logs/open/egogestar/{video}.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/write_stream.py"


rule open_data:
    input:
        tables=[
            path for files in OPEN.values() for path in files if path.endswith(".csv")
        ],
        sources=DOWNLOAD_TABLES,
        code=code("summarise_data.py"),
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


# `snakemake review`: all of it but the streams, whose pictures take longer to write than all the rest to compute.
rule review:
    input:
        rules.review_figures.output,
        rules.review_tables.output,
        rules.open_data.output if config["datasets"] else [],
        list(OPEN.values()),
