"""``kinesics detect``: detect events in a video."""

import argparse
from dataclasses import replace
from pathlib import Path

from kinesics import api
from kinesics.api.conversion import media_of
from kinesics.cli.options import (
    add_data,
    add_detector,
    add_reading,
    add_selection,
    add_span,
    add_tracking,
    folder_of,
    seed,
    share,
)
from kinesics.cli.outputs import check_outputs, print_note
from kinesics.errors import KinesicsError
from kinesics.formats.base import TUBES, Options
from kinesics.formats.registry import find_writer
from kinesics.io.files import pluralise
from kinesics.media.streams import ReadOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    add_detector(parser, api.DEFAULT_DETECTOR)
    add_selection(parser)
    parser.add_argument(
        "--budget",
        type=share,
        default=1.0,
        metavar="SHARE",
        help="share of the slow encoder's queries that may be made, 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--policy",
        metavar="NAME",
        help=f"acquisition policy under a budget: uniform, motion, uncertain (default: {api.POLICY})",
    )
    parser.add_argument("--all", action="store_true", help="also write events below the model's decision threshold")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--out", type=Path, required=True, metavar="EVENTS.csv")
    parser.add_argument(
        "--tubes", type=Path, metavar="TUBES.parquet", help="also write the box of every frame of every event"
    )
    parser.add_argument("--tracks", type=Path, metavar="TRACKS.parquet", help="use these tracks instead of tracking")
    add_tracking(parser, api.RATE_HZ, api.MAX_PEOPLE)
    add_span(parser)
    add_reading(parser, "video", "audio")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    data = folder_of(args)
    check_outputs([args.out, args.tubes], [args.video, args.model, args.tracks])
    writer = find_writer(args.out)
    tracking = (args.rate, args.people, args.start_s, args.end_s)
    if args.tracks and tracking != (api.RATE_HZ, api.MAX_PEOPLE, 0.0, None):
        raise KinesicsError("--rate, --people, --from and --to are for tracking, which --tracks spares: leave them out")
    events = api.detect(
        args.video,
        args.detector,
        model=args.model,
        labels=args.labels,
        min_score=args.min_score,
        budget=args.budget,
        policy=args.policy,
        all_candidates=args.all,
        seed=args.seed,
        tracks=args.tracks,
        rate_hz=args.rate,
        max_people=args.people,
        start_s=args.start_s,
        end_s=args.end_s,
        video_stream=args.video_stream,
        audio_stream=args.audio_stream,
        accept_damaged=args.accept_damaged,
        data=data,
        notify=print,
        progress=True,
    )
    reading = ReadOptions(args.video_stream, args.audio_stream, args.accept_damaged)
    options = Options(media=media_of(args.video, reading), notify=print_note)
    if not args.tubes and TUBES not in writer.holds:
        events = replace(events, tubes=None)  # nobody asked for them: no line says that they are left out
    api.write_events(events, args.out, args.tubes, options=options)
    damage = "" if events.damaged_after_s is None else f" (the video is damaged after {events.damaged_after_s:.2f} s)"
    print(f"{args.out}: {pluralise(len(events), 'event')}{damage}")
