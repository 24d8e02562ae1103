rule film:
    input:
        code=code("film.py"),
        tables=sorted(map(str, Path("src/kinesics/stage").glob("*.csv"))),
    output:
        **truth_files("results/truth/stage", "{video}"),
        video="results/media/{video}.mp4",
    log:
        "results/logs/film/{video}.log",
    wildcard_constraints:
        video="|".join(STAGE),
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
