TRUTH = expand("results/truth/{annotator}.csv", annotator=config["annotators"])


# The events of the tier's clips, with the numbers that people have in the tracks.
rule annotations:
    input:
        passes=expand("annotations/{annotator}.csv", annotator=config["annotators"]),
        people="annotations/people.csv",
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        code=code("convert_annotations.py"),
        schemas=PEOPLE_SCHEMAS,
    output:
        TRUTH,
    log:
        "results/logs/truth.log",
    conda:
        "../../environment.yml"
    params:
        passes=config["annotators"],
    script:
        "../scripts/convert_annotations.py"


# A detector's seeds share a job: a process and a compiled network serve them all.
for _detector, _seeds in config["detectors"].items():
    if DETECTORS[_detector]["learns"] == "clips":

        rule:
            name:
                f"fit_{_detector}"
            input:
                tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
                features=features(_detector, config["clips"]),
                truth=TRUTH,
                code=code("fit.py", module(_detector)),
            output:
                [
                    model(_detector, seed, video)
                    for seed in _seeds
                    for video, *_ in (test for _, test in CLIP_FOLDS.values())
                ],
            log:
                f"results/logs/fit/{_detector}.log",
            conda:
                "../../environment.yml"
            params:
                detector=_detector,
                trainings=[
                    training(_detector, _seeds, learned, TRUTH, fold)
                    for fold, (learned, _) in CLIP_FOLDS.items()
                ],
            script:
                "../scripts/fit.py"

    rule:
        name:
            f"detect_{_detector}"
        input:
            tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
            features=features(_detector, config["clips"]),
            models=models(_detector, _seeds, config["clips"]),
            code=code("detect.py", module(_detector)),
        output:
            events(_detector, _seeds, config["clips"], ".csv"),
            events(_detector, _seeds, config["clips"], ".tubes.parquet"),
        log:
            f"results/logs/detect/{_detector}.log",
        conda:
            "../../environment.yml"
        params:
            detector=_detector,
            runs=runs(_detector, _seeds, config["clips"]),
            confident_only=True,
        script:
            "../scripts/detect.py"


rule released:
    input:
        recorded="tests/data/envisionhgdetector/envisionhgdetector_3.0.8_WolfgangLanger.npz",
        weights=source("envisionhgdetector")[0],
        tracks="results/tracks/WolfgangLanger_Pexels.parquet",
        code=code("study.py", study("released_network")),
    output:
        "results/scores/released.json",
    log:
        "results/logs/released.log",
    conda:
        "../../environment.yml"
    params:
        study="released_network.compare_tracks",
    script:
        "../scripts/study.py"
