"""Compare the published numbers of the clips of the public tier (``people/tracks``) with what the tracker makes of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kinesics.errors import KinesicsError
from kinesics_paper.datasets.people_tracks import FOLDER, compare_tracks

#: Networks give slightly different landmarks on other machines, and at times miss a face that they find here.
LEAST_SHARED = 0.95
MOST_APART = 0.05
DIGITS = 6


def compare(made: Sequence[str | Path], published: Sequence[str | Path] = ()) -> dict[str, Any]:
    """Return how far tracks that were made now are from the published ones: ``{"clips", "rows", "shared", "difference"}``.

    ``clips`` is how many were compared, ``rows`` the frames of people, ``shared`` the least share of rows that both files
    have in a clip, ``difference`` the largest of a column in any clip (``compare_tracks``; None without clips). Nothing is
    compared before anything is published.

    Raises KinesicsError naming a clip that is published of others, or whose tracks are far from the published ones.
    """
    of_clip = {Path(path).name: path for path in published}
    if of_clip and (missing := [path for path in made if Path(path).name not in of_clip]):
        raise KinesicsError(
            f"{FOLDER}/tracks has no {Path(missing[0]).name}: publish the tracks again ({FOLDER}/README.md)"
        )
    compared = {Path(path).stem: compare_tracks(path, of_clip[Path(path).name]) for path in made if of_clip}
    for clip, found in compared.items():
        column, apart = max(found["difference"].items(), key=lambda item: item[1])
        if found["shared"] < LEAST_SHARED or apart > MOST_APART:
            raise KinesicsError(
                f"{FOLDER}/tracks/{clip}.parquet: {found['shared']:.0%} of its rows are those of the tracks made now, and "
                f"{column} differs by {apart:.0%} of its range: they are of another tracker; publish the tracks again "
                f"({FOLDER}/README.md)"
            )
    return {
        "clips": len(compared),
        "rows": sum(found["rows"] for found in compared.values()),
        "shared": round(min((found["shared"] for found in compared.values()), default=1.0), DIGITS),
        "difference": round(max(max(found["difference"].values()) for found in compared.values()), DIGITS)
        if compared
        else None,
    }
