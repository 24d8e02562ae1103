rule track:
    input:
        video="results/media/{video}.mp4",
        bundles=rules.bundles.output,
        code=code("track.py"),
    output:
        "results/tracks/{video}.parquet",
    log:
        "results/logs/track/{video}.log",
    conda:
        "../../environment.yml"
    params:
        rate_hz=config["rate_hz"],
        max_people=config["max_people"],
    script:
        "../scripts/track.py"
