EVENTS = [
    path
    for detector, seeds in config["detectors"].items()
    for path in events(detector, seeds, config["clips"], ".csv")
]


rule score:
    input:
        truth=expand("results/truth/{coder}.csv", coder=config["coders"]),
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        events=EVENTS,
        code=code("score.py"),
    output:
        "results/scores/real.json",
    log:
        "results/logs/score.log",
    conda:
        "../../environment.yml"
    params:
        detectors=config["detectors"],
        clips=config["clips"],
        score=config["score"],
    script:
        "../scripts/score.py"


rule released:
    input:
        recorded="tests/data/envisionhgdetector/envisionhgdetector_3.0.8_WolfgangLanger.npz",
        weights=source("envisionhgdetector")[0],
        tracks="results/tracks/WolfgangLanger_Pexels.parquet",
        code=code("released.py"),
    output:
        "results/scores/released.json",
    log:
        "results/logs/released.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/released.py"
