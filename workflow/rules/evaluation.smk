EVENTS = [
    f"results/events/{detector}/{seed}/{video}.csv"
    for detector, seeds in config["detectors"].items()
    for seed in seeds
    for video in config["clips"]
]


rule score:
    input:
        truth=expand("results/truth/{coder}.csv", coder=config["coders"]),
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        events=EVENTS,
        code=code("score.py"),
    output:
        "results/scores/real.json",
    params:
        detectors=config["detectors"],
        clips=config["clips"],
        score=config["score"],
    log:
        "results/logs/score.log",
    conda:
        "kinesics"
    script:
        "../scripts/score.py"
