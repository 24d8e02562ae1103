rule encode:
    input:
        video="results/media/{video}.mp4",
        tracks="results/tracks/{video}.parquet",
        # What the user places is no input: the script tells where to get it, and a plan can be made without.
        weights=lambda wildcards: (
            place(wildcards.encoder, "data") if fetched(wildcards.encoder) else []
        ),
        code=lambda wildcards: code(
            "encode.py",
            f"src/kinesics/encoders/{ENCODERS[wildcards.encoder]['module']}.py",
        ),
    output:
        "results/features/{encoder}/{video}.safetensors",
    log:
        "results/logs/encode/{encoder}/{video}.log",
    conda:
        "../../environment.yml"
    params:
        rate_hz=lambda wildcards: config["encoders"][wildcards.encoder],
        weights=lambda wildcards: str(place(wildcards.encoder, "data")),
    script:
        "../scripts/encode.py"
