"""Compare the published numbers of the clips of the public tier (``people/``) with those that are made now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kinesics.errors import KinesicsError
from kinesics_paper.datasets.people import PUBLISHED
from kinesics_paper.datasets.people_tracks import compare_features, compare_tracks

#: Networks give slightly different landmarks on other machines, and at times miss a face that they find here.
LEAST_SHARED = 0.95
MOST_APART = 0.05
DIGITS = 6

_COMPARISONS = {".parquet": compare_tracks, ".safetensors": compare_features}


def compare(made: Sequence[str | Path], published: Sequence[str | Path] = ()) -> dict[str, Any]:
    """Return how far files that were made now are from the published ones: ``{"files", "rows", "shared", "difference"}``.

    The files are tracks and features; those of one folder and name belong together. ``files`` is how many were compared,
    ``rows`` the frames of people in them, ``shared`` the least share of rows that both have, ``difference`` the largest of a
    column (``compare_tracks``; None without files). Nothing is compared before anything is published.

    Raises KinesicsError naming a file that is not published while others are, or is far from the published one.
    """
    known = {_place(path): path for path in published}
    if known and (missing := [_place(path) for path in made if _place(path) not in known]):
        raise KinesicsError(f"{PUBLISHED} has no {missing[0]}: publish the tracks again ({PUBLISHED}/README.md)")
    compared = {_place(path): _COMPARISONS[Path(path).suffix](path, known[_place(path)]) for path in made if known}
    for place, found in compared.items():
        column, apart = max(found["difference"].items(), key=lambda item: item[1], default=("nothing", 0.0))
        if found["shared"] < LEAST_SHARED or apart > MOST_APART:
            raise KinesicsError(
                f"{PUBLISHED}: {place}: {found['shared']:.0%} of its rows are among those made now, and {column} differs by "
                f"{apart:.0%} of its range: it is of another tracker; publish the tracks again ({PUBLISHED}/README.md)"
            )
    differences = [apart for found in compared.values() for apart in found["difference"].values()]
    return {
        "files": len(compared),
        "rows": sum(found["rows"] for found in compared.values()),
        "shared": round(min((found["shared"] for found in compared.values()), default=1.0), DIGITS),
        "difference": round(max(differences), DIGITS) if differences else None,
    }


def _place(path: str | Path) -> str:
    """Return the folder and name of a file: ``tracks/again.parquet``, ``fer/again.safetensors``."""
    return "/".join(Path(path).parts[-2:])
