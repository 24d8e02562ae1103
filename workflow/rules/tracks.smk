rule track:
    input:
        videos=["results/media/{video}.mp4"],
        bundles=rules.bundles.output,
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
