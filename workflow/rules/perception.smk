# Tracks and features of the real clips; those of synthetic videos are made in batches (synthetic.smk).
rule track:
    input:
        videos=["results/media/{video}.mp4"],
        networks=source("mediapipe"),
        embedding=source("mobilefacenet"),
        code=code("track.py"),
    output:
        "results/tracks/{video}.parquet",
    log:
        "results/logs/track/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    params:
        rate_hz=config["rate_hz"],
        max_people=config["max_people"],
    script:
        "../scripts/track.py"


rule encode:
    input:
        videos=["results/media/{video}.mp4"],
        tracks=tracks_for_encoder(),
        weights=lambda wildcards: weights(wildcards.encoder),
        code=lambda wildcards: code("encode.py", encoder_module(wildcards.encoder)),
    output:
        "results/features/{encoder}/{video}.safetensors",
    log:
        "results/logs/encode/{encoder}/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    resources:
        gpu=GPU,
        mem_mb=8000,
        runtime=60,
    params:
        rate_hz=lambda wildcards: config["encoders"][wildcards.encoder],
        weights=lambda wildcards: str(weights_path(wildcards.encoder, "data")),
    script:
        "../scripts/encode.py"
