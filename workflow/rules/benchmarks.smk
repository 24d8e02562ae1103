# The benchmarks of the full tier. A data set is cut into shards, known from benchmarks.csv before its data are there, so a
# dry run plans every job; what is missing is reported by the index of the data set when it runs.
BENCHMARK_FOLDER = config["benchmarks"]["folder"]
BENCHMARK_INDEX = [
    f"results/benchmarks/{{benchmark}}/index/{file}" for file in benchmarks.INDEX
]
BENCHMARK_SCORES = [
    f"results/benchmarks/{benchmark}/scores/{encoder}.json"
    for benchmark in config["benchmarks"]["names"]
    for encoder in compute_plan.encoders(benchmark, config["benchmarks"])
]


wildcard_constraints:
    benchmark="|".join(benchmarks.BENCHMARKS),
    shard=r"\d+-of-\d+",


rule fetch_dataset:
    input:
        table="src/kinesics_paper/datasets/benchmarks.csv",
    output:
        "results/benchmarks/{benchmark}/fetched.sha256",
    log:
        "results/logs/benchmarks/{benchmark}/fetch.log",
    retries: 0
    conda:
        "../../environment.yml"
    params:
        folder=lambda wildcards: f"{BENCHMARK_FOLDER}/{wildcards.benchmark}",
    script:
        "../scripts/fetch_dataset.py"


rule index_dataset:
    input:
        fetched=lambda wildcards: (
            rules.fetch_dataset.output[0]
            if benchmarks.benchmark_row(wildcards.benchmark)["fetch"] == "yes"
            else []
        ),
        table="src/kinesics_paper/datasets/benchmarks.csv",
        code=lambda wildcards: code(
            "index_dataset.py", dataset_module(wildcards.benchmark)
        ),
    output:
        BENCHMARK_INDEX,
    log:
        "results/logs/benchmarks/{benchmark}/index.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        folder=lambda wildcards: f"{BENCHMARK_FOLDER}/{wildcards.benchmark}",
    script:
        "../scripts/index_dataset.py"


rule track_shard:
    input:
        index=BENCHMARK_INDEX,
        networks=source("mediapipe"),
        embedding=source("mobilefacenet"),
        code=code("track_shard.py"),
    output:
        directory("results/benchmarks/{benchmark}/tracks/{shard}"),
    log:
        "results/logs/benchmarks/{benchmark}/tracks/{shard}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
        runtime=lambda wildcards: shard_minutes(
            wildcards,
            compute_plan.tracking(wildcards.benchmark, config["rate_hz"])["cpu_hours"],
        ),
    params:
        see=lambda wildcards: benchmarks.benchmark_row(wildcards.benchmark)["see"],
        rate_hz=config["rate_hz"],
        max_people=config["max_people"],
    script:
        "../scripts/track_shard.py"


rule encode_shard:
    input:
        index=BENCHMARK_INDEX,
        tracks="results/benchmarks/{benchmark}/tracks/{shard}",
        weights=lambda wildcards: weights(wildcards.encoder),
        code=lambda wildcards: code(
            "encode_shard.py", encoder_module(wildcards.encoder)
        ),
    output:
        directory("results/benchmarks/{benchmark}/features/{encoder}/{shard}"),
    log:
        "results/logs/benchmarks/{benchmark}/features/{encoder}/{shard}.log",
    conda:
        "../../environment.yml"
    resources:
        gpu=GPU,
        mem_mb=16000,
        runtime=lambda wildcards: shard_minutes(
            wildcards,
            compute_plan.cost(
                wildcards.benchmark,
                wildcards.encoder,
                config["benchmarks"]["encoders"][wildcards.encoder],
            )["cpu_hours"],
        ),
    params:
        see=lambda wildcards: benchmarks.benchmark_row(wildcards.benchmark)["see"],
        rate_hz=lambda wildcards: config["benchmarks"]["encoders"][wildcards.encoder],
        weights=lambda wildcards: str(weights_path(wildcards.encoder, "data")),
    script:
        "../scripts/encode_shard.py"


rule linear_probe:
    input:
        index=BENCHMARK_INDEX,
        tracks=lambda wildcards: shard_folders(wildcards, "tracks"),
        features=lambda wildcards: shard_folders(
            wildcards, f"features/{wildcards.encoder}"
        ),
        table="src/kinesics_paper/datasets/benchmarks.csv",
        code=code("study.py", study("linear_probe")),
    output:
        "results/benchmarks/{benchmark}/scores/{encoder}.json",
    log:
        "results/logs/benchmarks/{benchmark}/scores/{encoder}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=64000,
        runtime=480,
    params:
        study="linear_probe.evaluate",
        arguments=lambda wildcards: {
            "name": wildcards.benchmark,
            "index": f"results/benchmarks/{wildcards.benchmark}/index",
            "encoder": wildcards.encoder,
            "resamples": config["score"]["resamples"],
        },
    script:
        "../scripts/study.py"


# The tables of the benchmarks: what writes each, and its input.
for _name, _write, _input in [
    ("benchmarks", "benchmarks", {"scores": BENCHMARK_SCORES}),
    (
        "coverage",
        "coverage_of_files",
        {"scores": BENCHMARK_SCORES, "records": list(RECORDS.values())},
    ),
]:

    rule:
        name:
            f"table_{_name}"
        input:
            **_input,
            literature=LITERATURE,
            table="src/kinesics_paper/datasets/benchmarks.csv",
            code=code("table.py", article("tables", "benchmarks")),
        output:
            out=f"{GENERATED}/tables/{_name}.tex",
        log:
            f"results/logs/benchmarks/table_{_name}.log",
        conda:
            "../../environment.yml"
        params:
            write=f"benchmarks.{_write}",
        script:
            "../scripts/table.py"
