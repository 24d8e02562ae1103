"""Names of the truth files that accompany a video."""

from pathlib import Path

from kinesics.errors import KinesicsError

#: How the files of a video's truth end, after its name.
SUFFIXES = {
    "events": ".csv",
    "tubes": ".tubes.parquet",
    "frames": ".frames.parquet",
    "actions": ".actions.csv",
    "utterances": ".utterances.csv",
}


#: The endings of those that are neither events nor tubes.
BESIDE = (SUFFIXES["frames"], SUFFIXES["actions"], SUFFIXES["utterances"])


def truth_files(folder: str | Path, video: str) -> dict[str, Path]:
    """Return where the truth of a video lies in a folder: the file of each of its tables (see ``truth``).

    Raises KinesicsError if the events of such a video would have the name of another's table.
    """
    if f"{video}.csv".endswith(BESIDE):
        raise KinesicsError(f"{video}.csv is the name of another video's truth: name the video otherwise")
    return {name: Path(folder) / f"{video}{suffix}" for name, suffix in SUFFIXES.items()}
