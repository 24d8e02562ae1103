"""``kinesics train``: train a detector."""

import argparse
from pathlib import Path

from kinesics import api
from kinesics.cli.outputs import check_outputs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        required=True,
        metavar="YAML",
        help="detector, seed, options, and lists of files: tracks, features, truth (one table per annotator), "
        "validation (tracks)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors")


def run(args: argparse.Namespace) -> None:
    check_outputs([args.out], [args.config])
    api.train_file(args.config, args.out)
