for _source, _rows in SOURCES.items():

    rule:
        name:
            f"fetch_{_source.replace('-', '_')}"
        output:
            source(_source),
        params:
            rows=_rows,
            source=_source,
        retries: 0
        log:
            f"results/logs/fetch/{_source}.log",
        conda:
            "kinesics"
        script:
            "../scripts/fetch.py"


rule media:
    input:
        lambda wildcards: source(wildcards.video),
    output:
        "results/media/{video}.mp4",
    log:
        "results/logs/media/{video}.log",
    conda:
        "kinesics"
    shell:
        "cp {input} {output} 2> {log}"


rule bundles:
    input:
        source("mediapipe"),
        code=code("bundles.py"),
    output:
        expand("results/models/mediapipe/{task}.task", task=["face", "hands", "pose"]),
    params:
        folder="results/models/mediapipe",
    log:
        "results/logs/bundles.log",
    conda:
        "kinesics"
    script:
        "../scripts/bundles.py"
