"""``kinesics convert``: convert events between the formats of annotation tools."""

import argparse
from pathlib import Path

from kinesics.cli.options import number
from kinesics.cli.outputs import check_outputs, check_writable, print_note
from kinesics.errors import KinesicsError

_rate = number(float, "a rate between 0.1 and 1000 Hz", 0.1, 1000)


def _size(value: str) -> tuple[int, int]:
    """Parse ``WIDTHxHEIGHT``."""
    width, sign, height = value.lower().partition("x")
    if not (sign and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{value} is not WIDTHxHEIGHT in pixels, such as 1920x1080")
    return int(width), int(height)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", type=Path, nargs="+", metavar="IN", help="what is read; several are put together")
    parser.add_argument("out", type=Path, metavar="OUT", help="what is written: a file, or a folder for a file a video")
    parser.add_argument(
        "--from", dest="from_format", metavar="FORMAT", help="format of IN (default: by ending and content)"
    )
    parser.add_argument("--to", dest="to_format", metavar="FORMAT", help="format of OUT (default: by its ending)")
    parser.add_argument("--tubes", type=Path, metavar="PARQUET", help="tubes of IN, an events table in CSV")
    parser.add_argument("--tubes-out", type=Path, metavar="PARQUET", help="also write the tubes")
    parser.add_argument(
        "--map",
        type=Path,
        dest="rules",
        metavar="CSV",
        help="columns tier, value, subject name what is read; person, label, family what it becomes (label - leaves out)",
    )
    parser.add_argument(
        "--media", type=Path, metavar="VIDEO", help="the video: to link it, and for its frames and pixels"
    )
    parser.add_argument("--rate", type=_rate, metavar="HZ", help="frames per second, without --media")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the frame in pixels, without --media")
    parser.add_argument("--video", metavar="NAME", help="take the events of this video, or name the only one so")
    parser.add_argument("--annotator", metavar="NAME", help="take the annotations of one annotator")
    parser.add_argument("--observation", metavar="NAME", help="take one observation of BORIS")
    parser.add_argument(
        "--modifiers", action="store_true", help="keep modifiers and further codes in labels: code|modifier"
    )


def run(args: argparse.Namespace) -> None:
    from kinesics.api.conversion import convert
    from kinesics.formats.base import Media
    from kinesics.formats.registry import find_writer

    read = [*args.sources, args.tubes, args.rules, args.media]
    if args.out.is_dir():
        check_writable(args.out, folder=True)
        check_outputs([args.tubes_out], read)
    else:
        find_writer(args.out, args.to_format)
        check_outputs([args.out, args.tubes_out], read)
    if args.media and (args.rate or args.size):
        raise KinesicsError("--rate and --size are those of the video: leave them out, or --media")
    width, height = args.size or (None, None)
    given = Media(rate_hz=args.rate, width=width, height=height) if args.rate or args.size else None
    written = convert(
        args.sources,
        args.out,
        from_format=args.from_format,
        to_format=args.to_format,
        tubes=args.tubes,
        tubes_out=args.tubes_out,
        rules=args.rules,
        media=args.media or given,
        video=args.video,
        annotator=args.annotator,
        observation=args.observation,
        modifiers=args.modifiers,
        notify=print_note,
    )
    for path in written:
        print(path)
