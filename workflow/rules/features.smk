rule encode:
    input:
        video="results/media/{video}.mp4",
        tracks="results/tracks/{video}.parquet",
        weights=lambda wildcards: weights(wildcards.encoder),
        code=lambda wildcards: code(
            "encode.py", f"src/kinesics/encoders/{wildcards.encoder}.py"
        ),
    output:
        "results/features/{encoder}/{video}.safetensors",
    log:
        "results/logs/encode/{encoder}/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        gpu=GPU,
        mem_mb=8000,
        runtime=60,
    params:
        rate_hz=lambda wildcards: config["encoders"][wildcards.encoder],
    script:
        "../scripts/encode.py"
