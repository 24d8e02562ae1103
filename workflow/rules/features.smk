rule encode:
    input:
        videos=["results/media/{video}.mp4"],
        tracks=["results/tracks/{video}.parquet"],
        weights=lambda wildcards: source(ENCODERS[wildcards.encoder]["weights"])[0],
        code=lambda wildcards: code(
            "encode.py", f"src/kinesics/encoders/{wildcards.encoder}.py"
        ),
    output:
        "results/features/{encoder}/{video}.safetensors",
    log:
        "results/logs/encode/{encoder}/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    params:
        rate_hz=lambda wildcards: config["encoders"][wildcards.encoder],
    script:
        "../scripts/encode.py"
