"""``kinesics encoders``: list the encoders."""

import argparse

from kinesics.cli.options import add_data, folder_of
from kinesics.encoders.listing import list_encoders
from kinesics.encoders.registry import ENCODERS, family


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "encoder",
        nargs="*",
        metavar="NAME",
        help="show the details of these, or list those whose names begin with NAME (default: all)",
    )
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    names = [name for given in args.encoder for name in family(given)] or list(ENCODERS)
    whole = bool(args.encoder) and set(names) == set(args.encoder)
    print("\n".join(list_encoders(list(dict.fromkeys(names)), folder_of(args), whole)))
