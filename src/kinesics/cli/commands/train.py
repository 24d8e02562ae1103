"""``kinesics train``: train a detector on annotated videos."""

import argparse
from pathlib import Path

from kinesics import api
from kinesics.api.training import train, train_file
from kinesics.cli.options import add_data, add_tracking, assignment, folder_of, seed
from kinesics.cli.outputs import check_outputs
from kinesics.detectors.registry import DETECTORS, is_trained
from kinesics.errors import KinesicsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("videos", type=Path, nargs="*", metavar="VIDEO", help="training videos")
    parser.add_argument(
        "--truth",
        type=Path,
        action="append",
        default=[],
        metavar="EVENTS",
        help="annotated events of all videos, in any format that `kinesics convert` reads; once per annotator",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        action="append",
        default=[],
        metavar="VIDEO",
        help="an annotated video that only calibrates scores; may be repeated",
    )
    parser.add_argument("--detector", metavar="NAME", help=", ".join(filter(is_trained, DETECTORS)))
    parser.add_argument(
        "--option",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="training option in place of the detector's own, such as steps=2000; may be repeated",
    )
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where tracks and features are kept")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="YAML",
        help="in place of all this, a file that lists tracks, features, truth and validation (docs/how-to/train.md)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors")
    add_tracking(parser, api.RATE_HZ, api.MAX_PEOPLE)
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    if args.config:
        if args.videos or args.truth or args.validation:
            raise KinesicsError("--config names the files: leave out the videos, --truth and --validation")
        check_outputs([args.out], [args.config])
        train_file(args.config, args.out)
        return
    if not (args.videos and args.truth and args.detector):
        raise KinesicsError("give training videos, --truth and --detector, or a --config")
    check_outputs([args.out], [*args.videos, *args.truth, *args.validation])
    train(
        args.videos,
        args.truth,
        args.out,
        detector=args.detector,
        validation=args.validation,
        seed=args.seed,
        options=dict(args.option),
        rate_hz=args.rate,
        max_people=args.people,
        cache=args.cache,
        data=folder_of(args),
        notify=print,
        progress=True,
    )
    print(f"{args.out}: trained {args.detector}")
