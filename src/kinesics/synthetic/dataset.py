"""A data set of the stage from one configuration: its videos, and each as files.

Train, validation and test have different actors, scripts and backgrounds: each video has its own seed, and nobody actions in
two. The videos of the perturbations are one more set of scripts, each played at severity 0 and again, everything else equal, at each
severity of each perturbation.
"""

import csv
from itertools import product
from pathlib import Path

from kinesics.io.files import replacing

COLUMNS = ["video", "split", "perturbation", "severity", "script", "seed", "duration_s", "people", "shot", "pace"]
#: The splits, in the order in which they take seeds.
SPLITS = ("train", "val", "test", "perturbed")
#: How many people are seen how near, video after video.
CASTS = ((1, "bust"), (2, "half"), (1, "face"), (3, "half"), (1, "half"), (2, "bust"), (1, "full"))
#: The cast of the perturbations: people as large as in most of the videos.
PERTURBED_CASTS = ((1, "half"), (2, "bust"))
#: Videos that a split has room for.
_ROOM = 1000


def plan_videos(config: dict) -> list[dict]:
    """Return a row (COLUMNS) a video of the section ``synthetic`` of a configuration; ``perturbation`` is empty at severity 0.

    ``script`` numbers the scripts of a split: videos of the same split and script differ in their perturbation only.
    """
    from kinesics.synthetic.perturbations import VALUES

    rows = []
    for split in SPLITS:
        how = config[split]
        casts = PERTURBED_CASTS if split == "perturbed" else CASTS
        variants = [("", 0)]
        if split == "perturbed":
            variants += [
                (perturbation, severity)
                for perturbation, severities in VALUES.items()
                for severity in severities
                if severity
            ]
        for script, (perturbation, severity) in product(range(how["videos"]), variants):
            people, shot = casts[script % len(casts)]
            seed = (config["seed"] * len(SPLITS) + SPLITS.index(split)) * _ROOM + script
            rows.append(
                {
                    "video": f"stage_{f'{perturbation}{severity}' if perturbation else split}_{script}",
                    "split": split,
                    "perturbation": perturbation,
                }
                | {"severity": severity, "script": script, "seed": seed, "duration_s": how["duration_s"]}
                | {"people": people, "shot": shot, "pace": how["pace"]}
            )
    return rows


def write_videos(rows: list[dict], path: str | Path) -> None:
    """Write the table of videos as CSV, atomically."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def render_video(row: dict, config: dict, out: str | Path, truth_files: dict[str, Path], cache: Path | None) -> None:
    """Play the video of a row of ``videos(config)`` and write it and its truth; ``cache`` is a folder that keeps actors."""
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
