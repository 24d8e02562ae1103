"""``kinesics fetch``: download pinned files."""

import argparse

from kinesics.cli.options import add_data, folder_of
from kinesics.io import downloads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="*", help="ids of sources; without any, print the list")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    if not args.source:
        for name, rows in downloads.read_downloads().items():
            size = sum(int(row["bytes"]) for row in rows) / 1e6
            print(f"{name:24} {rows[0]['tier']:9} {size:8.1f} MB  {rows[0]['licence']}")
    for name in args.source:
        for path in downloads.fetch(name, folder_of(args)):
            print(path)
