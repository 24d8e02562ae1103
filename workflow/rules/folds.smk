# Detectors trained anew in the folds of the open data sets that the tier has, and scored on who was left out.
FOLDS = {
    dataset: settings
    for dataset, settings in config["open"]["datasets"].items()
    if dataset in config["datasets"]
}


rule folds:
    input:
        data=lambda wildcards: OPEN[wildcards.dataset],
        media=lambda wildcards: STREAMS if wildcards.dataset == "egogestar" else [],
        code=lambda wildcards: code(
            "folds.py",
            f"src/kinesics_paper/datasets/{wildcards.dataset.replace('-', '_')}.py",
            *map(module, FOLDS[wildcards.dataset]["detectors"]),
        ),
    output:
        "results/scores/open/{dataset}.json",
    log:
        "results/logs/folds/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(FOLDS),
    conda:
        "../../environment.yml"
    params:
        detectors=lambda wildcards: {
            detector: config["open"]["seeds"]
            for detector in FOLDS[wildcards.dataset]["detectors"]
        },
        settings=lambda wildcards: {
            name: FOLDS[wildcards.dataset][name] for name in ["rate_hz", "unit"]
        }
        | {"options": config["open"]["options"]},
        score=config["score"],
        reference=PROPOSAL,
    script:
        "../scripts/folds.py"


FOLD_SCORES = expand("results/scores/open/{dataset}.json", dataset=FOLDS)


rule folds_table:
    input:
        scores=FOLD_SCORES,
        code=code("write_folds_table.py"),
    output:
        f"{GENERATED}/tables/folds.tex",
    log:
        "results/logs/folds_table.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/write_folds_table.py"
