# The annotated clips of real people: agreement of the annotation passes, accuracy of the tracks, and the numbers that every
# tier has of all people.
ANNOTATIONS = [
    *expand("annotations/{name}.csv", name=people.PASSES),
    "annotations/people.csv",
]


rule agreement:
    input:
        files=ANNOTATIONS,
        sources=DOWNLOAD_TABLES,
        schemas=PEOPLE_SCHEMAS,
        code=code("study.py", study("annotation_passes")),
    output:
        "results/scores/annotations.json",
    log:
        "results/logs/annotations.log",
    conda:
        "../../environment.yml"
    params:
        study="annotation_passes.agreement",
        arguments={"passes": config["annotators"], "settings": config["score"]},
    script:
        "../scripts/study.py"


rule tracking_accuracy:
    input:
        clips=PEOPLE_TRACKS,
        synthetic=expand("results/tracks/{video}.parquet", video=synthetic("test")),
        frames=truth_of(synthetic("test"), "frames"),
        files=ANNOTATIONS,
        schemas=PEOPLE_SCHEMAS,
        code=code("study.py", study("tracking_accuracy")),
    output:
        "results/scores/tracking.json",
    log:
        "results/logs/tracking.log",
    conda:
        "../../environment.yml"
    params:
        study="tracking_accuracy.tracking_accuracy",
        arguments={"passes": config["annotators"]},
    script:
        "../scripts/study.py"


rule speaking:
    input:
        tracks=PEOPLE_TRACKS,
        sounds=people_features("audio_activity"),
        files=ANNOTATIONS,
        schemas=PEOPLE_SCHEMAS,
        code=code("study.py", study("speaking")),
    output:
        "results/scores/speaking.json",
    log:
        "results/logs/speaking.log",
    conda:
        "../../environment.yml"
    params:
        study="speaking.speaking_accuracy",
        arguments={"passes": config["annotators"]},
    script:
        "../scripts/study.py"


# Detectors judged on people whom they did not learn from, or learned from none; what each wrote, and its scores.
LEFT_OUT = [
    *("rules", "ranked", "frames", "logistic", "boosting", "matched"),
    *("linear", "hmm", "windows", "mstcn", "actionformer", "chance"),
]
LEFT_OUT_EVENTS = {
    name: f"results/people_left_out/{name}.parquet" for name in [*LEFT_OUT, PROPOSAL]
}
LEFT_OUT_INPUT = {
    "tracks": PEOPLE_TRACKS,
    "features": people_features(*people.FEATURES),
    "files": ANNOTATIONS,
    "schemas": PEOPLE_SCHEMAS,
}


rule people_left_out:
    input:
        **LEFT_OUT_INPUT,
        models=lambda wildcards: (
            list(SYNTHETIC_MODELS[PROPOSAL].values())
            if wildcards.detector == PROPOSAL
            else []
        ),
        code=lambda wildcards: code(
            "write_study.py", study("people_left_out"), *module_of(wildcards.detector)
        ),
    output:
        "results/people_left_out/{detector}.parquet",
    log:
        "results/logs/people_left_out/{detector}.log",
    wildcard_constraints:
        detector=one_of(LEFT_OUT_EVENTS),
    conda:
        "../../environment.yml"
    params:
        study="people_left_out.detect_left_out",
        arguments=lambda wildcards: {
            "passes": config["annotators"],
            "detector": wildcards.detector,
        },
    script:
        "../scripts/write_study.py"


rule people_comparison:
    input:
        **LEFT_OUT_INPUT,
        events_files=list(LEFT_OUT_EVENTS.values()),
        code=code("study.py", study("people_comparison")),
    output:
        "results/scores/people_comparison.json",
    log:
        "results/logs/people_comparison.log",
    conda:
        "../../environment.yml"
    params:
        study="people_comparison.compare",
        arguments={
            "passes": config["annotators"],
            "events": LEFT_OUT_EVENTS,
            "settings": config["score"],
        },
    script:
        "../scripts/study.py"


rule people_ablations:
    input:
        **LEFT_OUT_INPUT,
        code=code("study.py", study("people_ablations")),
    output:
        "results/scores/people_ablations.json",
    log:
        "results/logs/people_ablations.log",
    conda:
        "../../environment.yml"
    params:
        study="people_ablations.ablate",
        arguments={"passes": config["annotators"], "settings": config["score"]},
    script:
        "../scripts/study.py"


rule people_oracles:
    input:
        **LEFT_OUT_INPUT,
        ranked_file=LEFT_OUT_EVENTS["ranked"],
        code=code("study.py", study("people_oracles")),
    output:
        "results/scores/people_oracles.json",
    log:
        "results/logs/people_oracles.log",
    conda:
        "../../environment.yml"
    params:
        study="people_oracles.oracles",
        arguments={"passes": config["annotators"]},
    script:
        "../scripts/study.py"


# What comes with the package: the checkpoint of the default detector and how well it detects each label. `make weights`
# copies both to src/kinesics/detectors.
PACKAGED = ["ranked.safetensors", "ranked.labels.csv"]


rule default_checkpoint:
    input:
        **LEFT_OUT_INPUT,
        code=code("write_study.py", study("default_detector")),
    output:
        "results/default_detector/ranked.safetensors",
    log:
        "results/logs/default_checkpoint.log",
    conda:
        "../../environment.yml"
    params:
        study="default_detector.learn",
        arguments={"passes": config["annotators"]},
    script:
        "../scripts/write_study.py"


rule default_labels:
    input:
        **LEFT_OUT_INPUT,
        model=rules.default_checkpoint.output[0],
        events=LEFT_OUT_EVENTS["ranked"],
        chance=LEFT_OUT_EVENTS["chance"],
        code=code("write_study.py", study("default_detector")),
    output:
        "results/default_detector/ranked.labels.csv",
    log:
        "results/logs/default_labels.log",
    conda:
        "../../environment.yml"
    params:
        study="default_detector.describe_labels",
        arguments={"passes": config["annotators"], "settings": config["score"]},
    script:
        "../scripts/write_study.py"


rule packaged_detector:
    input:
        **LEFT_OUT_INPUT,
        model=rules.default_checkpoint.output[0],
        labels=rules.default_labels.output[0],
        packaged=expand("src/kinesics/detectors/{name}", name=PACKAGED),
        code=code("study.py", study("default_detector")),
    output:
        "results/scores/packaged_detector.json",
    log:
        "results/logs/packaged_detector.log",
    conda:
        "../../environment.yml"
    params:
        study="default_detector.compare_packaged",
        arguments={"passes": config["annotators"]},
    script:
        "../scripts/study.py"


# What scripted events in the space of coefficients add.
rule scripted_learning:
    input:
        **LEFT_OUT_INPUT,
        code=code("study.py", study("scripted_learning")),
    output:
        "results/scores/scripted_learning.json",
    log:
        "results/logs/scripted_learning.log",
    conda:
        "../../environment.yml"
    params:
        study="scripted_learning.scripted_learning",
        arguments={
            "passes": config["annotators"],
            "settings": config["score"],
            "seeds": 1,
        },
    script:
        "../scripts/study.py"


# The clips of the public tier as numbers without pictures; people/README.md tells how they are published.
rule round_tracks:
    input:
        tracks="results/tracks/{video}.parquet",
        features=expand(
            "results/features/{encoder}/{{video}}.safetensors",
            encoder=people.FEATURES,
        ),
        code=code("round_tracks.py"),
    output:
        tracks="results/people/tracks/{video}.parquet",
        features=expand(
            "results/people/features/{encoder}/{{video}}.safetensors",
            encoder=people.FEATURES,
        ),
    log:
        "results/logs/people/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    script:
        "../scripts/round_tracks.py"


MADE = [clip for clip in PUBLIC_CLIPS if clip in config["clips"]]
PUBLISHED = [
    *expand("tracks/{video}.parquet", video=MADE),
    *expand(
        "features/{encoder}/{video}.safetensors",
        encoder=people.FEATURES,
        video=MADE,
    ),
]


rule publishable_tracks:
    input:
        expand("results/people/{file}", file=PUBLISHED),


rule published_tracks:
    input:
        made=expand("results/people/{file}", file=PUBLISHED),
        published=[
            path
            for path in expand("people/{file}", file=PUBLISHED)
            if Path(path).exists()
        ],
        code=code("study.py", study("published_tracks")),
    output:
        "results/scores/people.json",
    log:
        "results/logs/published_tracks.log",
    conda:
        "../../environment.yml"
    params:
        study="published_tracks.compare",
    script:
        "../scripts/study.py"
