"""``kinesics track``: track people in a video."""

import argparse
from pathlib import Path

from kinesics import api
from kinesics.cli.options import add_data, add_reading, add_span, add_tracking, count, folder_of
from kinesics.cli.outputs import check_outputs
from kinesics.errors import KinesicsError
from kinesics.media.streams import ReadOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="TRACKS.parquet")
    add_tracking(parser, api.RATE_HZ, api.MAX_PEOPLE)
    add_span(parser)
    parser.add_argument("--workers", type=count, metavar="N", help="threads that share the work (default: at most 2)")
    parser.add_argument("--profile", action="store_true", help="print the processor time of each part of the work")
    add_reading(parser, "video")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    data = folder_of(args)
    check_outputs([args.out], [args.video])
    if args.out.suffix.lower() != ".parquet":
        raise KinesicsError(f"{args.out}: tracks are written as Parquet: end the name with .parquet")
    api.check_video(args.video, ReadOptions(args.video_stream, None, args.accept_damaged))
    tracked = api.track_file(
        args.video,
        args.out,
        rate_hz=args.rate,
        max_people=args.people,
        start_s=args.start_s,
        end_s=args.end_s,
        workers=args.workers,
        video_stream=args.video_stream,
        accept_damaged=args.accept_damaged,
        data=data,
        progress=True,
    )
    people = "1 person" if tracked.people == 1 else f"{tracked.people} people"
    print(f"{args.out}: {people} in {tracked.frames} frames, {tracked.duration_s:.1f} s")
    if args.profile:
        for part, spent_s in tracked.seconds.items():
            share = spent_s / max(sum(tracked.seconds.values()), 1e-9)
            each_ms = 1000 * spent_s / max(tracked.frames, 1)
            print(f"{part:8}  {spent_s:7.2f} s  {each_ms:6.2f} ms a frame  {share:4.0%}")
