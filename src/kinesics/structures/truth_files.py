"""Name the files that hold the ground truth of a synthetic video."""

from pathlib import Path

from kinesics.errors import KinesicsError

#: Table of the truth -> what follows the video's name in its file's name.
SUFFIXES = {
    "events": ".csv",
    "tubes": ".tubes.parquet",
    "frames": ".frames.parquet",
    "actions": ".actions.csv",
    "utterances": ".utterances.csv",
}

#: The suffixes of the tables that only synthetic videos have: neither events nor tubes.
AUXILIARY_SUFFIXES = (SUFFIXES["frames"], SUFFIXES["actions"], SUFFIXES["utterances"])


def truth_files(folder: str | Path, video: str) -> dict[str, Path]:
    """Return the path of each table of a video's truth in a folder; ``synthetic.truth`` describes the tables.

    Raises KinesicsError if the events file of this video would have the name of another table of another video.
    """
    if f"{video}.csv".endswith(AUXILIARY_SUFFIXES):
        raise KinesicsError(f"{video}.csv is the name of another video's truth: name the video otherwise")
    return {name: Path(folder) / f"{video}{suffix}" for name, suffix in SUFFIXES.items()}
