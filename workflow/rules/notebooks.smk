# What each notebook of the tier reads.
CLIP = config["figures"]["notebook"]
PYTHON_WEIGHTS = ["mediapipe", "mobilefacenet", "fer", "silero-vad"]
NOTEBOOKS = {
    "browse_clip": [
        "config/config.yaml",
        f"results/media/{CLIP}.mp4",
        f"results/tracks/{CLIP}.parquet",
        *TRUTH,
        *expand(
            "results/events/{detector}/0/{video}{kind}",
            detector=config["figures"]["detectors"],
            video=CLIP,
            kind=[".csv", ".tubes.parquet"],
        ),
    ],
    "annotate_and_train": [
        "annotations/coder_a.csv",
        *expand(
            "results/media/{clip}.mp4",
            clip=["WolfgangLanger_Pexels", "fi_protagonist", "single_face"],
        ),
        *(file for name in PYTHON_WEIGHTS for file in source(name)),
        # the names that `kinesics` exports, and the detectors, are imported by name
        *code("run_notebook.py", "src/kinesics/api/estimator.py"),
        *code("run_notebook.py", module("rules"), module("ranked")),
    ],
    "explore_published_figures": LITERATURE,
}
if "gpt4v" in RECORDS:
    NOTEBOOKS["recompute_gpt4v"] = [
        *source(STUDIES["gpt4v"]),
        *LITERATURE,
        RECORDS["gpt4v"],
    ]


rule notebook:
    input:
        lambda wildcards: NOTEBOOKS[wildcards.name],
        notebook="notebooks/{name}.ipynb",
        code=code("run_notebook.py"),
        imported=lambda wildcards: code(f"{wildcards.name}.ipynb"),
    output:
        "results/notebooks/{name}.ipynb",
    log:
        "results/logs/notebooks/{name}.log",
    wildcard_constraints:
        name="|".join(NOTEBOOKS),
    conda:
        "../../environment.yml"
    script:
        "../scripts/run_notebook.py"
