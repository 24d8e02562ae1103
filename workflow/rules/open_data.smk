# The open data sets as files, each with all tables that it gives; and detectors trained in their folds.
OPEN = {
    dataset: [f"results/open/{dataset}/{name}" for name in output_names(dataset)]
    for dataset in config["datasets"]
}
STREAMS = (
    expand(
        "results/open/egogestar/media/{video}.mp4",
        video=find_open_dataset("egogestar").videos,
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
            code=code("convert_dataset.py", dataset_module(_dataset)),
        output:
            _files,
        log:
            f"results/logs/open/{_dataset}.log",
        conda:
            "../../environment.yml"
        params:
            dataset=_dataset,
            folder=f"data/{_dataset}",
            out=f"results/open/{_dataset}",
        script:
            "../scripts/convert_dataset.py"


rule stream:
    input:
        data=source("egogestar"),
        code=code("build_stream.py"),
    output:
        "results/open/egogestar/media/{video}.mp4",
    log:
        "results/logs/open/egogestar/{video}.log",
    conda:
        "../../environment.yml"
    params:
        folder=lambda wildcards, input: os.path.commonpath(input.data),
    script:
        "../scripts/build_stream.py"


rule open_data:
    input:
        tables=[
            path for files in OPEN.values() for path in files if path.endswith(".csv")
        ],
        sources=DOWNLOAD_TABLES,
        code=code("table.py", article("tables", "results")),
    output:
        data="results/scores/open_data.json",
        out=f"{GENERATED}/tables/open_data.tex",
    log:
        "results/logs/open_data.log",
    conda:
        "../../environment.yml"
    params:
        write="results.open_data",
        arguments={"folder": "results/open", "datasets": config["datasets"]},
    script:
        "../scripts/table.py"


# Of the data sets that the tier has, those in whose folds detectors are trained, and scored on who was left out.
FOLDS = {
    dataset: settings
    for dataset, settings in config["open"]["datasets"].items()
    if dataset in config["datasets"]
}


rule cross_validation:
    input:
        data=lambda wildcards: OPEN[wildcards.dataset],
        media=lambda wildcards: STREAMS if wildcards.dataset == "egogestar" else [],
        code=lambda wildcards: code(
            "study.py",
            study("cross_validation"),
            dataset_module(wildcards.dataset),
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
        study="cross_validation.cross_validate",
        arguments=lambda wildcards: {
            "dataset": wildcards.dataset,
            "folder": f"results/open/{wildcards.dataset}",
            "detectors": {
                detector: config["open"]["seeds"]
                for detector in FOLDS[wildcards.dataset]["detectors"]
            },
            "settings": {
                name: FOLDS[wildcards.dataset][name] for name in ["rate_hz", "unit"]
            }
            | {"options": config["open"]["options"]},
            "scoring": config["score"],
            "reference": PROPOSAL,
        },
    script:
        "../scripts/study.py"


FOLD_SCORES = expand("results/scores/open/{dataset}.json", dataset=FOLDS)


# What was learned from the annotated people, on data of others that were recorded and annotated elsewhere.
OUTSIDE = ["uci-gesture-phase", "uci-grammatical-facial-expressions"]
OUTSIDE_SCORES = (
    ["results/scores/outside_people.json"] if set(OUTSIDE) <= set(OPEN) else []
)
if OUTSIDE_SCORES:

    rule outside_people:
        input:
            tracks=PEOPLE_TRACKS,
            files=ANNOTATIONS,
            schemas=PEOPLE_SCHEMAS,
            data=[path for dataset in OUTSIDE for path in OPEN[dataset]],
            code=code("study.py", study("outside_people")),
        output:
            OUTSIDE_SCORES[0],
        log:
            "results/logs/outside_people.log",
        conda:
            "../../environment.yml"
        params:
            study="outside_people.outside",
            arguments={
                "passes": config["annotators"],
                "folders": {dataset: f"results/open/{dataset}" for dataset in OUTSIDE},
            },
        script:
            "../scripts/study.py"
