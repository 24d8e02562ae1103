rule numbers:
    input:
        scores=rules.score.output[0],
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        truth=TRUTH,
        released=rules.released.output[0],
        sources=DOWNLOAD_TABLES,
        literature=LITERATURE,
        records=list(RECORDS.values()),
        stage_videos=rules.stage_truth.output.videos,
        stage_truth=rules.stage_truth.output.events,
        stage_lines=[
            truth_files("results/truth/stage", video)["lines"] for video in STAGE
        ],
        realism=rules.realism.output[0],
        on_stage=rules.score_stage.output[0],
        budget=rules.budget.output[0],
        ablations=ABLATIONS,
        learning=LEARNING_CURVE,
        folds=FOLD_SCORES,
        pruner=rules.pruner.output.shares,
        hand_patches=rules.hand_patches.output.areas,
        code=code("write_numbers.py"),
    output:
        tex=f"{GENERATED}/numbers.tex",
        json=f"{GENERATED}/numbers.json",
    log:
        "results/logs/numbers.log",
    conda:
        "../../environment.yml"
    params:
        config=config,
    script:
        "../scripts/write_numbers.py"


rule tables:
    input:
        scores=rules.score.output[0],
        media=expand("results/media/{video}.mp4", video=config["clips"]),
        truth=TRUTH,
        sources=DOWNLOAD_TABLES,
        code=code("write_tables.py"),
    output:
        expand(
            f"{GENERATED}/tables/{{name}}.tex",
            name=["data", "agreement", "methods", "results"],
        ),
    log:
        "results/logs/tables.log",
    conda:
        "../../environment.yml"
    params:
        clips=config["clips"],
        datasets=config["datasets"],
        detectors=list(PLAYED | config["detectors"]),
    script:
        "../scripts/write_tables.py"


rule timelines:
    input:
        media=expand("results/media/{video}.mp4", video=config["figures"]["timelines"]),
        truth=TRUTH,
        events=expand(
            "results/events/{detector}/0/{video}.csv",
            detector=config["figures"]["detectors"],
            video=config["figures"]["timelines"],
        ),
        code=code("draw_timelines.py"),
    output:
        f"{GENERATED}/figures/timelines.pdf",
    log:
        "results/logs/timelines.log",
    conda:
        "../../environment.yml"
    params:
        clips=config["figures"]["timelines"],
        detectors=config["figures"]["detectors"],
    script:
        "../scripts/draw_timelines.py"


rule per_label:
    input:
        rules.score.output[0],
        code=code("draw_per_label.py"),
    output:
        f"{GENERATED}/figures/per_label.pdf",
    log:
        "results/logs/per_label.log",
    conda:
        "../../environment.yml"
    params:
        detectors=config["figures"]["detectors"],
    script:
        "../scripts/draw_per_label.py"


rule pdf:
    input:
        sorted(str(path) for path in Path("paper").glob("*.tex")),
        "literature/references.bib",
        rules.numbers.output,
        rules.tables.output,
        rules.timelines.output,
        rules.per_label.output,
        rules.stage_strip.output,
        rules.stage_dials.output,
        rules.stage_scores.output,
        rules.hand_patches.output.figure,
        rules.pruner.output.figure,
        rules.corpora_tables.output.coverage,
        rules.stage_expressions.output,
        rules.proposal_figures.output,
        rules.tubes_figure.output,
        rules.review_figures.output,
        rules.review_tables.output,
        rules.open_data.output.table if config["datasets"] else [],
        rules.folds_table.output if FOLDS else [],
        script="workflow/scripts/pdf.sh",
    output:
        "paper/main.pdf",
    log:
        "results/logs/pdf.log",
    conda:
        "../../environment.yml"
    shell:
        "{input.script} paper/main.tex {output} > {log} 2>&1"
