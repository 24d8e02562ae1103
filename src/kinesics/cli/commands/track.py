"""``kinesics track``: track people in a video."""

import argparse
from pathlib import Path

from kinesics import api
from kinesics.cli.options import add_data, add_reading, add_tracking, folder_of
from kinesics.cli.outputs import check_outputs
from kinesics.media.streams import ReadOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="TRACKS.parquet")
    add_tracking(parser, api.RATE_HZ, api.MAX_PEOPLE)
    add_reading(parser, "video")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    data = folder_of(args)
    check_outputs([args.out], [args.video])
    api.check_video(args.video, ReadOptions(args.video_stream, None, args.accept_damaged))
    people, frames, duration_s = api.track_file(
        args.video,
        args.out,
        rate_hz=args.rate,
        max_people=args.people,
        video_stream=args.video_stream,
        accept_damaged=args.accept_damaged,
        data=data,
        progress=True,
    )
    print(f"{args.out}: {people} people in {frames} frames, {duration_s:.1f} s")
