# What each notebook of the tier reads.
CLIP = config["figures"]["notebook"]
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
