"""``kinesics score``: score predicted events against annotations."""

import argparse
from functools import partial
from itertools import chain
from pathlib import Path

from kinesics.cli.options import rate, resamples, seed
from kinesics.cli.outputs import check_outputs, print_note
from kinesics.errors import KinesicsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_tables(parser)
    parser.add_argument("--diagnose", action="store_true", help="also the types of errors, and what makes events hard")
    parser.add_argument("--all", action="store_true", help="print every metric (the JSON has them in any case)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the scores as JSON")
    parser.add_argument(
        "--labels",
        nargs="+",
        action="extend",
        metavar="LABEL",
        help="evaluate these labels only, separated by blanks or commas (default: all that occur)",
    )
    persons = parser.add_mutually_exclusive_group()
    persons.add_argument(
        "--persons-by-boxes",
        action="store_true",
        help="match the persons of annotators and predictions by the overlap of their events' boxes (default: by number)",
    )
    persons.add_argument("--ignore-person", action="store_true", help="match events of any persons")
    parser.add_argument(
        "--rate",
        type=rate,
        default=10.0,
        metavar="HZ",
        help="frames per second of frame-wise metrics (default: %(default)s)",
    )
    parser.add_argument(
        "--by-video", action="store_true", help="resample whole videos, not blocks of 10 s: give many videos"
    )
    parser.add_argument(
        "--resamples", type=resamples, default=2000, metavar="N", help="bootstrap resamples (default: %(default)s)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of the bootstrap (default: %(default)s)")


def _add_tables(parser: argparse.ArgumentParser) -> None:
    add = partial(parser.add_argument, type=Path, nargs="+")
    tables, tubes = partial(add, metavar="CSV"), partial(add, metavar="PARQUET")
    tables("--truth", action="extend", required=True, help="one events table, or folder of them, per annotator")
    tables(
        "--predicted",
        action="append",
        required=True,
        help="events tables of different videos, or their folder, also that of annotate; repeat the option for each further "
        "seed of the detector",
    )
    tubes("--tubes-truth", action="extend", help="tubes of --truth, as many and in the same order: also score location")
    tubes("--tubes-predicted", action="append", help="tubes of --predicted, as many and in the same order")
    tables(
        "--compare",
        action="append",
        help="events of another detector: also the differences to it, each with the p of a paired permutation test",
    )
    tubes("--tubes-compare", action="append", help="tubes of --compare")


def run(args: argparse.Namespace) -> None:
    from kinesics.formats.base import Options
    from kinesics.formats.registry import read_events
    from kinesics.io.files import write_json
    from kinesics.metrics.bootstrap import BLOCK_S
    from kinesics.metrics.report import format_report
    from kinesics.metrics.score_files import score_files

    check_outputs([args.json], _inputs(args))
    if bool(args.tubes_truth) != bool(args.tubes_predicted):
        raise KinesicsError("tubes are compared with tubes: give both --tubes-truth and --tubes-predicted, or none")
    if args.tubes_compare and not (args.tubes_truth and args.compare):
        raise KinesicsError(
            "--tubes-compare are the tubes of --compare: give that, --tubes-truth and --tubes-predicted too"
        )
    result = score_files(
        args.truth,
        args.predicted,
        other=args.compare,
        tubes={"truth": args.tubes_truth, "predicted": args.tubes_predicted, "other": args.tubes_compare},
        diagnosis=args.diagnose,
        labels=args.labels,
        match_person=not args.ignore_person,
        persons_by_boxes=args.persons_by_boxes,
        read=lambda path: read_events(path, options=Options(notify=print_note)).table,
        rate_hz=args.rate,
        block_s=float("inf") if args.by_video else BLOCK_S,
        resamples=args.resamples,
        seed=args.seed,
    )
    print(format_report(result, args.all), end="")
    if args.json:
        write_json(args.json, result)


def _inputs(args: argparse.Namespace) -> list[Path]:
    """Return every file and folder that is read."""
    per_seed = (args.predicted, args.compare, args.tubes_predicted, args.tubes_compare)
    return [*args.truth, *(args.tubes_truth or []), *chain(*(paths for given in per_seed for paths in given or []))]
