"""A data set of the stage from one configuration: its videos, and each as files.

Train, validation and test have different actors, scripts and backgrounds: each video has its own seed, and nobody acts in
two. The videos of the dials are one more set of scripts, each played at level 0 and again, everything else equal, at each
level of each dial.
"""

import csv
from itertools import product
from pathlib import Path

from kinesics.io.files import replacing

COLUMNS = ["video", "split", "dial", "level", "script", "seed", "duration_s", "people", "shot", "pace"]
#: The splits, in the order in which they take seeds.
SPLITS = ("train", "val", "test", "dials")
#: How many people are seen how near, video after video.
CASTS = ((1, "bust"), (2, "half"), (1, "face"), (3, "half"), (1, "half"), (2, "bust"), (1, "full"))
#: The cast of the dials: people as large as in most of the videos.
PERTURBED_CASTS = ((1, "half"), (2, "bust"))
#: Videos that a split has room for.
_ROOM = 1000


def plan_videos(config: dict) -> list[dict]:
    """Return a row (COLUMNS) a video of the section ``stage`` of a configuration; ``dial`` is empty at level 0.

    ``script`` numbers the scripts of a split: videos of the same split and script differ in their wildness only.
    """
    from kinesics.synthetic.perturbations import VALUES

    rows = []
    for split in SPLITS:
        how = config[split]
        casts = PERTURBED_CASTS if split == "dials" else CASTS
        wild = [("", 0)]
        if split == "dials":
            wild += [(dial, level) for dial, levels in VALUES.items() for level in levels if level]
        for script, (dial, level) in product(range(how["videos"]), wild):
            people, shot = casts[script % len(casts)]
            seed = (config["seed"] * len(SPLITS) + SPLITS.index(split)) * _ROOM + script
            rows.append(
                {"video": f"stage_{f'{dial}{level}' if dial else split}_{script}", "split": split, "dial": dial}
                | {"level": level, "script": script, "seed": seed, "duration_s": how["duration_s"]}
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
        wild={row["dial"]: row["level"]} if row["dial"] else None,
        cache=cache,
    )
