# Studies of the proposal alone, on the synthetic test videos.
PROPOSAL = config["synthetic"]["proposal"]
VARIANTS = {"whole": {}} | config["synthetic"]["ablations"]
STUDIED = {
    "test": expand("results/tracks/{video}.parquet", video=synthetic("test")),
    "truth": "results/truth/synthetic_as_tracked.csv",
    "models": [
        SYNTHETIC_MODELS[PROPOSAL][seed] for seed in config["synthetic"]["study_seeds"]
    ],
}
PROPOSAL_CODE = code("study.py", study("proposal_studies"), module(PROPOSAL))


rule budget_curve:
    input:
        **STUDIED,
        features=features(PROPOSAL, synthetic("test")),
        code=PROPOSAL_CODE,
    output:
        "results/scores/budget.json",
    log:
        "results/logs/budget.log",
    conda:
        "../../environment.yml"
    params:
        study="proposal_studies.budget_curve",
        arguments={"settings": config["score"]},
    script:
        "../scripts/study.py"


rule ablation:
    input:
        **STUDIED,
        train=expand("results/tracks/{video}.parquet", video=synthetic("train")),
        val=expand("results/tracks/{video}.parquet", video=synthetic("val")),
        features=features(PROPOSAL, synthetic("train", "val", "test")),
        training_truth="results/truth/synthetic_training.csv",
        code=PROPOSAL_CODE,
    output:
        "results/scores/ablation/{variant}.json",
    log:
        "results/logs/ablation/{variant}.log",
    wildcard_constraints:
        variant=one_of(VARIANTS),
    conda:
        "../../environment.yml"
    params:
        study="proposal_studies.ablation",
        arguments=lambda wildcards: {
            "variant": wildcards.variant,
            "options": VARIANTS[wildcards.variant],
            "seeds": config["synthetic"]["study_seeds"],
            "settings": config["score"],
        },
    script:
        "../scripts/study.py"


ABLATIONS = [f"results/scores/ablation/{variant}.json" for variant in VARIANTS]
AMOUNTS = [*sorted(config["synthetic"]["learning_curve"]), len(synthetic("train"))]


rule learning_curve:
    input:
        train=lambda wildcards: expand(
            "results/tracks/{video}.parquet",
            video=synthetic("train")[: int(wildcards.videos)],
        ),
        val=expand("results/tracks/{video}.parquet", video=synthetic("val")),
        test=STUDIED["test"],
        clips=expand("results/tracks/{video}.parquet", video=config["clips"]),
        features=features(PROPOSAL, synthetic("train", "val", "test") + config["clips"]),
        training_truth="results/truth/synthetic_training.csv",
        truth=STUDIED["truth"],
        annotators=TRUTH,
        models=lambda wildcards: (
            STUDIED["models"]
            if int(wildcards.videos) == len(synthetic("train"))
            else []
        ),
        code=PROPOSAL_CODE,
    output:
        "results/scores/learning_curve/{videos}.json",
    log:
        "results/logs/learning_curve/{videos}.log",
    wildcard_constraints:
        videos=one_of(map(str, AMOUNTS)),
    conda:
        "../../environment.yml"
    params:
        study="proposal_studies.learning_curve",
        arguments={
            "seeds": config["synthetic"]["study_seeds"],
            "settings": config["score"],
            "clusters": FOLD_OF,
        },
    script:
        "../scripts/study.py"


LEARNING_CURVE = [f"results/scores/learning_curve/{videos}.json" for videos in AMOUNTS]
