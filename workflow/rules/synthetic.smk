# What detectors learn from, and choose their settings by.
LEARNED = synthetic("train", "val")
# What they are judged on.
SCORED = synthetic("test", "perturbed")
COMPARED = config["synthetic"]["detectors"]
# Across the perturbations only those that their figure has room for.
SEEN = {
    detector: (
        SCORED if detector in config["figures"]["detectors"] else synthetic("test")
    )
    for detector in COMPARED
}


rule render_synthetic:
    input:
        code=code("render_synthetic.py"),
        tables=sorted(map(str, Path("src/kinesics/synthetic").glob("*.csv"))),
    output:
        **truth_files(SYNTHETIC_TRUTH, "{video}"),
        video="results/media/{video}.mp4",
    log:
        "results/logs/film/{video}.log",
    wildcard_constraints:
        video=one_of(SYNTHETIC),
    priority: 2  # the longest chain of jobs begins here
    conda:
        "../../environment.yml"
    params:
        row=lambda wildcards: SYNTHETIC[wildcards.video],
        size={
            name: config["synthetic"][name] for name in ["width", "height", "rate_hz"]
        },
        actors="results/actors",
    script:
        "../scripts/render_synthetic.py"


rule merge_truth:
    input:
        events=truth_of(SYNTHETIC, "events"),
        code=code("merge_truth.py"),
    output:
        events="results/truth/synthetic.csv",
        videos="results/truth/synthetic/videos.csv",
    log:
        "results/logs/merge_truth.log",
    conda:
        "../../environment.yml"
    params:
        videos=list(SYNTHETIC.values()),
    script:
        "../scripts/merge_truth.py"


# Synthetic videos are many and short: one job a batch spares each of them the start of a process. The perturbed ones are
# as long as the test videos and come last, so two jobs share them.
BATCHES = {
    "train": synthetic("train"),
    "val": synthetic("val"),
    "test": synthetic("test"),
    "perturbed_0": synthetic("perturbed")[::2],
    "perturbed_1": synthetic("perturbed")[1::2],
}
for _batch, _videos in BATCHES.items():

    rule:
        name:
            f"track_{_batch}"
        input:
            videos=expand("results/media/{video}.mp4", video=_videos),
            networks=source("mediapipe"),
            embedding=source("mobilefacenet"),
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
            tracks=tracks_for_encoder(*_videos),
            weights=lambda wildcards: weights(wildcards.encoder),
            code=lambda wildcards: code("encode.py", encoder_module(wildcards.encoder)),
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


# The checkpoints of the detectors that rank candidates, by seed.
SYNTHETIC_MODELS = {
    detector: {seed: model(detector, seed, "synthetic_train") for seed in seeds}
    for detector, seeds in COMPARED.items()
    if DETECTORS[detector]["learns"] == "synthetic"
}
SYNTHETIC_CHECKPOINTS = [
    path for seeds in SYNTHETIC_MODELS.values() for path in seeds.values()
]

# The truth with the tracker's person ids: what detectors learn from, and what the proposal is studied on.
for _name, _videos in {
    "synthetic_training": LEARNED,
    "synthetic_as_tracked": synthetic("test"),
}.items():

    rule:
        name:
            _name
        input:
            truth=truth_of(_videos, "events"),
            frames=truth_of(_videos, "frames"),
            tracks=expand("results/tracks/{video}.parquet", video=_videos),
            code=code("training_truth.py"),
        output:
            f"results/truth/{_name}.csv",
        log:
            f"results/logs/{_name}.log",
        conda:
            "../../environment.yml"
        script:
            "../scripts/training_truth.py"


for _detector, _seeds in COMPARED.items():
    if is_trained(_detector):

        rule:
            name:
                f"fit_{_detector}_synthetic"
            input:
                tracks=expand(
                    "results/tracks/{video}.parquet", video=synthetic("train")
                ),
                features=features(_detector, LEARNED),
                truth=rules.synthetic_training.output,
                validation=validation(_detector, synthetic("val")),
                code=code("fit.py", module(_detector)),
            output:
                [model(_detector, seed, "synthetic_train") for seed in _seeds],
            log:
                f"results/logs/fit/{_detector}_synthetic.log",
            priority: 1
            conda:
                "../../environment.yml"
            params:
                detector=_detector,
                trainings=[
                    training(
                        _detector,
                        _seeds,
                        synthetic("train"),
                        list(map(str, rules.synthetic_training.output)),
                        "synthetic_train",
                        synthetic("val"),
                    )
                ],
            script:
                "../scripts/fit.py"

    rule:
        name:
            f"detect_{_detector}_synthetic"
        input:
            tracks=expand("results/tracks/{video}.parquet", video=SEEN[_detector]),
            features=features(_detector, SEEN[_detector]),
            models=models(_detector, _seeds, SEEN[_detector]),
            code=code("detect.py", module(_detector)),
        output:
            events(_detector, _seeds, SEEN[_detector], ".csv"),
            events(_detector, _seeds, SEEN[_detector], ".tubes.parquet"),
        log:
            f"results/logs/detect/{_detector}_synthetic.log",
        conda:
            "../../environment.yml"
        params:
            detector=_detector,
            runs=runs(_detector, _seeds, SEEN[_detector]),
            confident_only=False,  # average precision wants all candidates
        script:
            "../scripts/detect.py"


rule realism:
    input:
        videos=rules.merge_truth.output.videos,
        frames=truth_of(SYNTHETIC, "frames"),
        actions=truth_of(SYNTHETIC, "actions"),
        tracks=expand("results/tracks/{video}.parquet", video=SYNTHETIC),
        features=expand("results/features/fer/{video}.safetensors", video=SYNTHETIC),
        code=code("study.py", study("synthetic_realism")),
    output:
        "results/scores/realism.json",
    log:
        "results/logs/realism.log",
    conda:
        "../../environment.yml"
    params:
        study="synthetic_realism.measure_realism",
    script:
        "../scripts/study.py"


rule score_synthetic:
    input:
        videos=rules.merge_truth.output.videos,
        files=[
            *truth_of(SCORED, "events"),
            *truth_of(SCORED, "tubes"),
            *truth_of(SCORED, "frames"),
            *expand("results/tracks/{video}.parquet", video=SCORED),
            *(
                path
                for detector, seeds in COMPARED.items()
                for suffix in [".csv", ".tubes.parquet"]
                for path in events(detector, seeds, SEEN[detector], suffix)
            ),
            *SYNTHETIC_CHECKPOINTS,
        ],
        code=code("study.py", study("detector_comparison")),
    output:
        "results/scores/synthetic.json",
    log:
        "results/logs/score_synthetic.log",
    conda:
        "../../environment.yml"
    params:
        study="detector_comparison.score_synthetic",
        arguments={
            "truth": dict(zip(SCORED, truth_of(SCORED, "events"), strict=True)),
            "truth_tubes": dict(zip(SCORED, truth_of(SCORED, "tubes"), strict=True)),
            "frames": dict(zip(SCORED, truth_of(SCORED, "frames"), strict=True)),
            "tracks": {video: f"results/tracks/{video}.parquet" for video in SCORED},
            "events": detected(COMPARED, SEEN, ".csv"),
            "tubes": detected(COMPARED, SEEN, ".tubes.parquet"),
            "models": SYNTHETIC_MODELS,
            "reference": config["synthetic"]["proposal"],
            "settings": config["score"],
        },
    script:
        "../scripts/study.py"
