rule encode:
    input:
        videos=["results/media/{video}.mp4"],
        tracks=seen_in(),
        weights=lambda wildcards: weights(wildcards.encoder),
        code=lambda wildcards: code(
            "encode.py",
            f"src/kinesics/encoders/{ENCODERS[wildcards.encoder]['module']}.py",
        ),
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
