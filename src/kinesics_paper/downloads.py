"""The downloads of the artifact: those of the product, and the open data sets of ``config/datasets.csv``."""

from pathlib import Path

from kinesics.io import downloads

#: The second is a file of the project's folder, in which the workflow runs.
TABLES = (downloads.TABLE, Path("config/datasets.csv"))


def read_downloads() -> dict[str, list[dict[str, str]]]:
    """Return the rows of both tables by source id (see ``kinesics.io.downloads.read_downloads``)."""
    return downloads.read_downloads(*TABLES)


def fetch(source: str, folder: Path) -> list[Path]:
    """Download what is missing of a source (see ``kinesics.io.downloads.fetch``)."""
    return downloads.fetch(source, folder, *TABLES)


def verify(*paths: str | Path) -> None:
    """Check downloaded files again (see ``kinesics.io.downloads.verify``)."""
    downloads.verify(*paths, tables=TABLES)
