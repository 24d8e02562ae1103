def features(detector, videos):
    """Return the feature files that a detector reads of these videos."""
    encoder = DETECTORS[detector]["features"]
    return [f"results/features/{encoder}/{video}.safetensors" for video in videos] if encoder else []


def model(wildcards):
    """Return the file of released or learned weights that a detector runs on a video."""
    row = DETECTORS[wildcards.detector]
    if row["learns"] == "yes":
        return f"results/models/{wildcards.detector}/{wildcards.seed}/{wildcards.video}.safetensors"
    return source(row["weights"]) if row["weights"] else []


def others(wildcards):
    """Return the clips that a model for this clip may learn from: all the others."""
    return [video for video in config["clips"] if video != wildcards.video]


rule truth:
    input:
        "truth/{coder}.csv",
        code=code("truth.py"),
        schema="src/kinesics/schemas/coding.yaml",
    output:
        "results/truth/{coder}.csv",
    log:
        "results/logs/truth/{coder}.log",
    conda:
        "kinesics"
    script:
        "../scripts/truth.py"


rule fit:
    input:
        tracks=lambda wildcards: expand("results/tracks/{video}.parquet", video=others(wildcards)),
        features=lambda wildcards: features(wildcards.detector, others(wildcards)),
        truth=expand("results/truth/{coder}.csv", coder=config["coders"]),
        code=code("fit.py"),
        detector="src/kinesics/detectors/{detector}.py",
    output:
        "results/models/{detector}/{seed}/{video}.safetensors",
    log:
        "results/logs/fit/{detector}/{seed}/{video}.log",
    conda:
        "kinesics"
    script:
        "../scripts/fit.py"


rule detect:
    input:
        tracks="results/tracks/{video}.parquet",
        features=lambda wildcards: features(wildcards.detector, [wildcards.video]),
        model=model,
        code=code("detect.py"),
        detector="src/kinesics/detectors/{detector}.py",
    output:
        events="results/events/{detector}/{seed}/{video}.csv",
        tubes="results/events/{detector}/{seed}/{video}.tubes.parquet",
    log:
        "results/logs/detect/{detector}/{seed}/{video}.log",
    conda:
        "kinesics"
    script:
        "../scripts/detect.py"
