# Studies of the proposal alone, on the stage's test videos.
PROPOSAL = config["stage"]["proposal"]
VARIANTS = {"whole": {}} | config["stage"]["ablations"]
STUDIED = {
    "tracks": expand("results/tracks/{video}.parquet", video=stage("test")),
    "truth": "results/truth/stage_as_tracked.csv",
    "models": [STAGE_MODELS[PROPOSAL][seed] for seed in config["stage"]["study_seeds"]],
}


rule budget:
    input:
        **STUDIED,
        features=features(PROPOSAL, stage("test")),
        code=code("budget.py", module(PROPOSAL)),
    output:
        "results/scores/budget.json",
    log:
        "results/logs/budget.log",
    conda:
        "../../environment.yml"
    params:
        score=config["score"],
    script:
        "../scripts/budget.py"


rule ablation:
    input:
        **STUDIED,
        training=expand("results/tracks/{video}.parquet", video=stage("train")),
        validation=expand("results/tracks/{video}.parquet", video=stage("val")),
        features=features(PROPOSAL, stage("train", "val", "test")),
        lessons="results/truth/stage_lessons.csv",
        code=code("ablation.py", module(PROPOSAL)),
    output:
        "results/scores/ablation/{variant}.json",
    log:
        "results/logs/ablation/{variant}.log",
    wildcard_constraints:
        variant=one_of(VARIANTS),
    conda:
        "../../environment.yml"
    params:
        options=lambda wildcards: VARIANTS[wildcards.variant],
        seeds=config["stage"]["study_seeds"],
        score=config["score"],
    script:
        "../scripts/ablation.py"


ABLATIONS = [f"results/scores/ablation/{variant}.json" for variant in VARIANTS]


AMOUNTS = [*sorted(config["stage"]["learning_curve"]), len(stage("train"))]


rule learning_curve:
    input:
        training=lambda wildcards: expand(
            "results/tracks/{video}.parquet",
            video=stage("train")[: int(wildcards.videos)],
        ),
        validation=expand("results/tracks/{video}.parquet", video=stage("val")),
        test=STUDIED["tracks"],
        clips=expand("results/tracks/{video}.parquet", video=config["clips"]),
        features=features(PROPOSAL, stage("train", "val", "test") + config["clips"]),
        lessons="results/truth/stage_lessons.csv",
        truth=STUDIED["truth"],
        coders=TRUTH,
        models=lambda wildcards: (
            STUDIED["models"] if int(wildcards.videos) == len(stage("train")) else []
        ),
        code=code("learning_curve.py", module(PROPOSAL)),
    output:
        "results/scores/learning_curve/{videos}.json",
    log:
        "results/logs/learning_curve/{videos}.log",
    wildcard_constraints:
        videos=one_of(map(str, AMOUNTS)),
    conda:
        "../../environment.yml"
    params:
        seeds=config["stage"]["study_seeds"],
        score=config["score"],
    script:
        "../scripts/learning_curve.py"


LEARNING_CURVE = [f"results/scores/learning_curve/{videos}.json" for videos in AMOUNTS]


rule proposal_figures:
    input:
        budget=rules.budget.output[0],
        ablations=ABLATIONS,
        learning=LEARNING_CURVE,
        measured="benchmarks/methods.csv",
        models=[path for seeds in STAGE_MODELS.values() for path in seeds.values()],
        code=code("draw_proposal.py"),
    output:
        architecture=f"{GENERATED}/figures/architecture.pdf",
        budget=f"{GENERATED}/figures/budget.pdf",
        curves=f"{GENERATED}/figures/training.pdf",
        learning=f"{GENERATED}/figures/learning_curve.pdf",
        ablation=f"{GENERATED}/tables/ablation.tex",
        costs=f"{GENERATED}/tables/costs.tex",
    log:
        "results/logs/proposal_figures.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/draw_proposal.py"


rule tubes_figure:
    input:
        video=f"results/media/{config['figures']['notebook']}.mp4",
        events=events(PROPOSAL, [0], [config["figures"]["notebook"]], ".csv"),
        tubes=events(PROPOSAL, [0], [config["figures"]["notebook"]], ".tubes.parquet"),
        truth=TRUTH,
        code=code("draw_tubes.py"),
    output:
        f"{GENERATED}/figures/tubes.pdf",
    log:
        "results/logs/tubes_figure.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/draw_tubes.py"
