# What detectors learn from, and choose their settings by.
LEARNED = stage("train", "val")
# What they are judged on.
SCORED = stage("test", "dials")
PLAYED = config["stage"]["detectors"]
# Across the dials only those that their figure has room for.
SEEN = {
    detector: SCORED if detector in config["figures"]["detectors"] else stage("test")
    for detector in PLAYED
}


rule film:
    input:
        code=code("film.py"),
        tables=sorted(map(str, Path("src/kinesics/synthetic").glob("*.csv"))),
    output:
        **truth_files("results/truth/stage", "{video}"),
        video="results/media/{video}.mp4",
    log:
        "results/logs/film/{video}.log",
    wildcard_constraints:
        video=one_of(STAGE),
    priority: 2  # the longest chain of jobs begins here
    conda:
        "../../environment.yml"
    params:
        row=lambda wildcards: STAGE[wildcards.video],
        size={name: config["stage"][name] for name in ["width", "height", "rate_hz"]},
        actors="results/actors",
    script:
        "../scripts/film.py"


rule stage_truth:
    input:
        events=expand("results/truth/stage/{video}.csv", video=STAGE),
        code=code("stage_truth.py"),
    output:
        events="results/truth/stage.csv",
        videos="results/truth/stage/videos.csv",
    log:
        "results/logs/stage_truth.log",
    conda:
        "../../environment.yml"
    params:
        videos=list(STAGE.values()),
    script:
        "../scripts/stage_truth.py"


# The stage's videos are many and short: one job a batch spares each of them the start of a process. The dials are as
# long as the test videos and come last, so two jobs share them.
BATCHES = {
    "train": stage("train"),
    "val": stage("val"),
    "test": stage("test"),
    "dials_0": stage("dials")[::2],
    "dials_1": stage("dials")[1::2],
}
for _batch, _videos in BATCHES.items():

    rule:
        name:
            f"track_{_batch}"
        input:
            videos=expand("results/media/{video}.mp4", video=_videos),
            bundles=rules.bundles.output,
            code=code("track.py"),
        output:
            expand("results/tracks/{video}.parquet", video=_videos),
        log:
            f"results/logs/track/{_batch}.log",
        priority: 2
        conda:
            "../../environment.yml"
        params:
            rate_hz=config["rate_hz"],
            max_people=config["max_people"],
        script:
            "../scripts/track.py"

    rule:
        name:
            f"encode_{_batch}"
        input:
            videos=expand("results/media/{video}.mp4", video=_videos),
            tracks=seen_in(*_videos),
            weights=lambda wildcards: weights(wildcards.encoder),
            code=lambda wildcards: code(
                "encode.py",
                f"src/kinesics/encoders/{ENCODERS[wildcards.encoder]['module']}.py",
            ),
        output:
            expand("results/features/{{encoder}}/{video}.safetensors", video=_videos),
        log:
            f"results/logs/encode/{{encoder}}/{_batch}.log",
        priority: 2
        conda:
            "../../environment.yml"
        params:
            rate_hz=lambda wildcards: config["encoders"][wildcards.encoder],
            weights=lambda wildcards: str(weights_path(wildcards.encoder, "data")),
        script:
            "../scripts/encode.py"


# What each seed of the detectors that rank candidates has learned.
STAGE_MODELS = {
    detector: {
        seed: f"results/models/{detector}/{seed}/stage_train.safetensors"
        for seed in seeds
    }
    for detector, seeds in PLAYED.items()
    if DETECTORS[detector]["learns"] == "stage"
}

for _detector, _seeds in PLAYED.items():
    if is_trained(_detector):

        rule:
            name:
                f"fit_{_detector}_stage"
            input:
                tracks=expand("results/tracks/{video}.parquet", video=stage("train")),
                features=features(_detector, LEARNED),
                truth=["results/truth/stage_lessons.csv"],
                validation=validation(_detector, stage("val")),
                code=code("fit.py", module(_detector)),
            output:
                expand(
                    f"results/models/{_detector}/{{seed}}/stage_train.safetensors",
                    seed=_seeds,
                ),
            log:
                f"results/logs/fit/{_detector}_stage.log",
            priority: 1
            conda:
                "../../environment.yml"
            params:
                detector=_detector,
                seeds=_seeds,
                unseen=[None],
            script:
                "../scripts/fit.py"

    rule:
        name:
            f"detect_{_detector}_stage"
        input:
            tracks=expand("results/tracks/{video}.parquet", video=SEEN[_detector]),
            features=features(_detector, SEEN[_detector]),
            models=models(_detector, _seeds, SEEN[_detector]),
            code=code("detect.py", module(_detector)),
        output:
            events=events(_detector, _seeds, SEEN[_detector], ".csv"),
            tubes=events(_detector, _seeds, SEEN[_detector], ".tubes.parquet"),
        log:
            f"results/logs/detect/{_detector}_stage.log",
        conda:
            "../../environment.yml"
        params:
            detector=_detector,
            seeds=_seeds,
            sure=False,  # average precision wants all candidates
        script:
            "../scripts/detect.py"


rule realism:
    input:
        videos=rules.stage_truth.output.videos,
        truth=[
            path
            for video in STAGE
            for name, path in truth_files("results/truth/stage", video).items()
            if name in ["frames", "acts"]
        ],
        tracks=expand("results/tracks/{video}.parquet", video=STAGE),
        features=expand("results/features/fer/{video}.safetensors", video=STAGE),
        code=code("realism.py"),
    output:
        "results/scores/realism.json",
    log:
        "results/logs/realism.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/realism.py"


rule stage_expressions:
    input:
        rules.realism.output[0],
        code=code("write_stage_expressions.py"),
    output:
        f"{GENERATED}/tables/stage_expressions.tex",
    log:
        "results/logs/stage_expressions.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/write_stage_expressions.py"


rule stage_strip:
    input:
        **{
            name: path
            for name, path in truth_files(
                "results/truth/stage", stage("test")[0]
            ).items()
            if name in ["events", "tubes", "acts"]
        },
        video=f"results/media/{stage('test')[0]}.mp4",
        code=code("draw_stage_strip.py"),
    output:
        f"{GENERATED}/figures/stage_strip.pdf",
    log:
        "results/logs/stage_strip.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/draw_stage_strip.py"


rule stage_dials:
    input:
        videos=expand("results/media/{video}.mp4", video=stage("dials")),
        acts=truth_files("results/truth/stage", stage("dials")[0])["acts"],
        code=code("draw_stage_dials.py"),
    output:
        f"{GENERATED}/figures/stage_dials.pdf",
    log:
        "results/logs/stage_dials.log",
    conda:
        "../../environment.yml"
    params:
        rows=[STAGE[video] for video in stage("dials")],
    script:
        "../scripts/draw_stage_dials.py"


# The truth under the tracker's numbers of the persons: what detectors learn from, and what the proposal is studied on.
for _name, _videos in {
    "stage_lessons": LEARNED,
    "stage_as_tracked": stage("test"),
}.items():

    rule:
        name:
            _name
        input:
            truth=[
                truth_files("results/truth/stage", video)["events"]
                for video in _videos
            ],
            frames=[
                truth_files("results/truth/stage", video)["frames"]
                for video in _videos
            ],
            tracks=expand("results/tracks/{video}.parquet", video=_videos),
            code=code("stage_lessons.py"),
        output:
            f"results/truth/{_name}.csv",
        log:
            f"results/logs/{_name}.log",
        conda:
            "../../environment.yml"
        script:
            "../scripts/stage_lessons.py"


rule score_stage:
    input:
        videos=rules.stage_truth.output.videos,
        truth=[
            path
            for video in SCORED
            for name, path in truth_files("results/truth/stage", video).items()
            if name in ["events", "tubes", "frames"]
        ],
        tracks=expand("results/tracks/{video}.parquet", video=SCORED),
        events=[
            f"results/events/{detector}/{seed}/{video}.{suffix}"
            for detector, seeds in PLAYED.items()
            for seed in seeds
            for video in SEEN[detector]
            for suffix in ["csv", "tubes.parquet"]
        ],
        models=[path for seeds in STAGE_MODELS.values() for path in seeds.values()],
        code=code("score_stage.py"),
    output:
        "results/scores/stage.json",
    log:
        "results/logs/score_stage.log",
    conda:
        "../../environment.yml"
    params:
        detectors=PLAYED,
        models=STAGE_MODELS,
        seen=SEEN,
        reference=config["stage"]["proposal"],
        videos=SCORED,
        score=config["score"],
    script:
        "../scripts/score_stage.py"


rule stage_scores:
    input:
        scores=rules.score_stage.output[0],
        code=code("draw_stage_scores.py"),
    output:
        diagnosis=f"{GENERATED}/figures/diagnosis.pdf",
        dials=f"{GENERATED}/figures/dials.pdf",
        table=f"{GENERATED}/tables/stage.tex",
    log:
        "results/logs/stage_scores.log",
    conda:
        "../../environment.yml"
    params:
        detectors=[name for name in config["figures"]["detectors"] if name in PLAYED],
    script:
        "../scripts/draw_stage_scores.py"
