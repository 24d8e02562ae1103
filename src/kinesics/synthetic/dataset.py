"""Plan the data set of synthetic videos that a configuration describes, and render each video.

Train, validation and test have different actors, scripts and backgrounds: each script has its own seed, and no actor
appears in two. The perturbed videos are one more set of scripts, each rendered at severity 0 and again, everything else
equal, at each severity of each perturbation.
"""

import csv
from itertools import product
from pathlib import Path

from kinesics.io.files import replacing

COLUMNS = ["video", "split", "perturbation", "severity", "script", "seed", "duration_s", "people", "shot", "pace"]
#: The splits, in the order in which they take seeds.
SPLITS = ("train", "val", "test", "perturbed")
#: Number of people and shot, in turn from video to video.
CASTS = ((1, "bust"), (2, "half"), (1, "face"), (3, "half"), (1, "half"), (2, "bust"), (1, "full"))
#: The same of the perturbed videos: people as large as in most of the other videos.
PERTURBED_CASTS = ((1, "half"), (2, "bust"))
#: The most scripts that a split can have without taking the next one's seeds.
_SEEDS_PER_SPLIT = 1000


def plan_videos(config: dict) -> list[dict]:
    """Return one row (COLUMNS) per video of the section ``synthetic`` of a configuration.

    ``perturbation`` is empty at severity 0. ``script`` numbers the scripts of a split: videos of the same split and script
    differ in their perturbation only.
    """
    from kinesics.synthetic.perturbations import VALUES

    rows = []
    for split in SPLITS:
        settings = config[split]
        casts = PERTURBED_CASTS if split == "perturbed" else CASTS
        variants = [("", 0)]
        if split == "perturbed":
            variants += [
                (perturbation, severity)
                for perturbation, severities in VALUES.items()
                for severity in severities
                if severity
            ]
        for script, (perturbation, severity) in product(range(settings["videos"]), variants):
            people, shot = casts[script % len(casts)]
            seed = (config["seed"] * len(SPLITS) + SPLITS.index(split)) * _SEEDS_PER_SPLIT + script
            rows.append(
                {
                    "video": f"stage_{f'{perturbation}{severity}' if perturbation else split}_{script}",
                    "split": split,
                    "perturbation": perturbation,
                    "severity": severity,
                    "script": script,
                    "seed": seed,
                    "duration_s": settings["duration_s"],
                    "people": people,
                    "shot": shot,
                    "pace": settings["pace"],
                }
            )
    return rows


def write_videos(rows: list[dict], path: str | Path) -> None:
    """Write the rows of ``plan_videos`` as CSV, atomically."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def render_video(row: dict, config: dict, out: str | Path, truth_files: dict[str, Path], cache: Path | None) -> None:
    """Render the video of a row of ``plan_videos(config)``, and write its truth.

    ``cache`` is the folder in which actors are cached.
    """
    from kinesics.synthetic.film import render_film
    from kinesics.synthetic.script import draw_script

    script = draw_script(row["seed"], row["duration_s"], row["people"], row["shot"], row["pace"])
    render_film(
        script,
        out,
        truth_files,
        name=row["video"],
        width=config["width"],
        height=config["height"],
        rate_hz=config["rate_hz"],
        severities={row["perturbation"]: row["severity"]} if row["perturbation"] else None,
        cache=cache,
    )
