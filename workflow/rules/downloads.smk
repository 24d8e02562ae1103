for _source, _rows in SOURCES.items():

    rule:
        name:
            f"fetch_{_source.replace('-', '_')}"
        output:
            source(_source),
        log:
            f"results/logs/fetch/{_source}.log",
        retries: 0
        conda:
            "../../environment.yml"
        params:
            rows=_rows,
            source=_source,
        script:
            "../scripts/fetch.py"


# Clips keep their container whatever it is: readers of video look at the content, not at the name.
rule media:
    input:
        lambda wildcards: clip_file(wildcards.video),
        code=code("media.py"),
    output:
        "results/media/{video}.mp4",
    log:
        "results/logs/media/{video}.log",
    wildcard_constraints:
        video=one_of(config["clips"]),
    conda:
        "../../environment.yml"
    script:
        "../scripts/media.py"
