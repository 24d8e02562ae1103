"""``kinesics synthesize``: render a synthetic video."""

import argparse
from pathlib import Path

from kinesics.cli.options import add_data, folder_of, number, rate, seed, severity
from kinesics.cli.outputs import check_outputs, check_writable
from kinesics.errors import KinesicsError
from kinesics.io.names import video_name
from kinesics.structures.truth_files import truth_files
from kinesics.synthetic.script import LONGEST_VIDEO_S, SHORTEST_VIDEO_S

length = number(float, "a time from 2 s to a day", SHORTEST_VIDEO_S, LONGEST_VIDEO_S)
cast = number(int, "a number of people from 1 to 3", 1, 3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=seed, default=0, help="another seed is another script, cast and scenery")
    parser.add_argument(
        "--duration", type=length, default=20.0, metavar="S", help="seconds, at least 2 (default: %(default)s)"
    )
    parser.add_argument("--people", type=cast, default=1, metavar="N", help="1 to 3 (default: %(default)s)")
    parser.add_argument(
        "--shot", default="bust", metavar="SHOT", help="face, bust, half or full (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=rate, default=10.0, metavar="HZ", help="frames per second (default: %(default)s)"
    )
    parser.add_argument(
        "--perturb",
        type=severity,
        nargs="+",
        default=[],
        metavar="TYPE=SEVERITY",
        help="such as shake=2 light=1; severities 0 to 3",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="VIDEO.mp4")
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FOLDER",
        help="also write events, tubes, and tables of frames, scripted actions and utterances there",
    )
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    from kinesics.structures.events import read_events_csv
    from kinesics.synthetic.film import render_film
    from kinesics.synthetic.script import draw_script

    data = folder_of(args)
    files = truth_files(args.truth, video_name(args.out)) if args.truth else None
    if args.truth:
        check_writable(args.truth, folder=True)
    check_outputs([args.out, *(files or {}).values()])
    types = [name for name, _ in args.perturb]
    if twice := sorted({name for name in types if types.count(name) > 1}):
        raise KinesicsError(f"--perturb: {twice[0]} stands twice: give each type one severity")
    if files and files["events"].exists() and not files["frames"].exists():
        raise KinesicsError(
            f"{files['events']} exists and is not the truth of a synthetic video: give another --truth, or name the "
            "video otherwise"
        )
    script = draw_script(args.seed, args.duration, args.people, args.shot)
    render_film(script, args.out, files, rate_hz=args.rate, severities=dict(args.perturb), cache=data / "actors")
    cast_size = "1 person" if args.people == 1 else f"{args.people} people"
    counts = f"{len(script.actions)} scripted actions, {len(script.utterances)} utterances"
    print(f"{args.out}: {args.duration:g} s of {cast_size}, {counts}")
    if files:
        events = read_events_csv(files["events"])
        print(
            f"{files['events']}: events {len(events)}, different labels {events['label'].nunique()}; "
            "beside it their tubes, and tables of frames, scripted actions and utterances"
        )
