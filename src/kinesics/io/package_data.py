"""Open the tables that the packages contain."""

import csv
from importlib import resources
from pathlib import Path


def package_file(package: str, name: str) -> Path:
    """Return the path of a file of an installed package, such as ``package_file("kinesics.io", "downloads.csv")``."""
    return Path(str(resources.files(package).joinpath(name)))


def rows_by_name(package: str, name: str) -> dict[str, dict[str, str]]:
    """Return the rows of a package's CSV file by their column ``name``; values stay text."""
    with package_file(package, name).open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}
