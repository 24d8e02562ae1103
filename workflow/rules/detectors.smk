rule truth:
    input:
        "truth/{coder}.csv",
        code=code("truth.py"),
        schema="src/kinesics/schemas/coding.yaml",
    output:
        "results/truth/{coder}.csv",
    log:
        "results/logs/truth/{coder}.log",
    wildcard_constraints:
        coder=one_of(config["coders"]),
    conda:
        "../../environment.yml"
    script:
        "../scripts/truth.py"


rule fit:
    input:
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        features=lambda wildcards: features(wildcards.detector, config["clips"]),
        truth=expand("results/truth/{coder}.csv", coder=config["coders"]),
        code=lambda wildcards: code("fit.py", module(wildcards.detector)),
    output:
        expand(
            "results/models/{{detector}}/{{seed}}/{video}.safetensors",
            video=config["clips"],
        ),
    log:
        "results/logs/fit/{detector}/{seed}/clips.log",
    conda:
        "../../environment.yml"
    params:
        unseen=config["clips"],
    script:
        "../scripts/fit.py"


rule detect:
    input:
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        features=lambda wildcards: features(wildcards.detector, config["clips"]),
        models=lambda wildcards: models(wildcards, config["clips"]),
        code=lambda wildcards: code("detect.py", module(wildcards.detector)),
    output:
        events=expand(
            "results/events/{{detector}}/{{seed}}/{video}.csv", video=config["clips"]
        ),
        tubes=expand(
            "results/events/{{detector}}/{{seed}}/{video}.tubes.parquet",
            video=config["clips"],
        ),
    log:
        "results/logs/detect/{detector}/{seed}/clips.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/detect.py"
