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
        sounds=[
            path.replace("tracks", "features/audio_activity").replace(
                ".parquet", ".safetensors"
            )
            for path in PEOPLE_TRACKS
        ],
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
