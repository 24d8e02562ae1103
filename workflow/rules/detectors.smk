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
        tracks=lambda wildcards: expand(
            "results/tracks/{video}.parquet", video=lessons(wildcards.training)[0]
        ),
        features=lambda wildcards: features(
            wildcards.detector, lessons(wildcards.training)[0]
        ),
        truth=lambda wildcards: lessons(wildcards.training)[1],
        code=lambda wildcards: code("fit.py", module(wildcards.detector)),
    output:
        "results/models/{detector}/{seed}/{training}.safetensors",
    log:
        "results/logs/fit/{detector}/{seed}/{training}.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/fit.py"


rule detect:
    input:
        tracks=["results/tracks/{video}.parquet"],
        features=lambda wildcards: features(wildcards.detector, [wildcards.video]),
        model=lambda wildcards: model(wildcards, wildcards.video),
        code=lambda wildcards: code("detect.py", module(wildcards.detector)),
    output:
        events=["results/events/{detector}/{seed}/{video}.csv"],
        tubes=["results/events/{detector}/{seed}/{video}.tubes.parquet"],
    log:
        "results/logs/detect/{detector}/{seed}/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    script:
        "../scripts/detect.py"
