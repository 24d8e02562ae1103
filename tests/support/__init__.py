"""What tests share: small videos, networks, data sets and recordings made from nothing."""

from pathlib import Path

#: The project's folder.
ROOT = Path(__file__).parents[2]
