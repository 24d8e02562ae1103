rule track:
    input:
        video="results/media/{video}.mp4",
        bundles=rules.bundles.output,
        code=code("track.py"),
    output:
        "results/tracks/{video}.parquet",
    params:
        bundles=rules.bundles.params.folder,
        rate_hz=config["rate_hz"],
        max_people=config["max_people"],
    log:
        "results/logs/track/{video}.log",
    conda:
        "kinesics"
    script:
        "../scripts/track.py"
