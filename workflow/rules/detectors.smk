TRUTH = expand("results/truth/{coder}.csv", coder=config["coders"])


rule truth:
    input:
        "annotations/{coder}.csv",
        code=code("truth.py"),
        schema="src/kinesics/io/schemas/coding.yaml",
    output:
        "results/truth/{coder}.csv",
    log:
        "results/logs/truth/{coder}.log",
    wildcard_constraints:
        coder=one_of(config["coders"]),
    conda:
        "../../environment.yml"
    script:
        "../scripts/truth.py"


# A detector's seeds share a job: a process and a compiled network serve them all.
for _detector, _seeds in config["detectors"].items():
    if DETECTORS[_detector]["learns"] == "clips":

        rule:
            name:
                f"fit_{_detector}"
            input:
                tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
                features=features(_detector, config["clips"]),
                truth=expand("results/truth/{coder}.csv", coder=config["coders"]),
                code=code("fit.py", module(_detector)),
            output:
                expand(
                    f"results/models/{_detector}/{{seed}}/{{video}}.safetensors",
                    seed=_seeds,
                    video=config["clips"],
                ),
            log:
                f"results/logs/fit/{_detector}.log",
            conda:
                "../../environment.yml"
            params:
                detector=_detector,
                seeds=_seeds,
                unseen=config["clips"],
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
            events=events(_detector, _seeds, config["clips"], ".csv"),
            tubes=events(_detector, _seeds, config["clips"], ".tubes.parquet"),
        log:
            f"results/logs/detect/{_detector}.log",
        conda:
            "../../environment.yml"
        params:
            detector=_detector,
            seeds=_seeds,
            sure=True,
        script:
            "../scripts/detect.py"
