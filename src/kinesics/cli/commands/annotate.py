"""``kinesics annotate``: detect events in videos and write a folder of results for each."""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from kinesics import api
from kinesics.api.annotation import OUTPUTS, Settings, annotate, write_overall_index
from kinesics.cli.options import (
    add_data,
    add_detector,
    add_reading,
    add_selection,
    add_span,
    add_tracking,
    folder_of,
    in_digits,
    number,
    seed,
)
from kinesics.cli.outputs import check_writable
from kinesics.errors import KinesicsError
from kinesics.io.cleanup import cleaning_up
from kinesics.io.files import pluralise
from kinesics.io.names import video_name, video_names

jobs = number(int, "a number of processes from 1 to 64", 1, 64)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help=f"folder of the results: DIR/<video>/ gets {', '.join(OUTPUTS)}".replace("{name}", "<video>"),
    )
    add_detector(parser, api.DEFAULT_DETECTOR)
    add_selection(parser)
    parser.add_argument(
        "--draw", action="store_true", help="also write a copy of the video with the events drawn into it"
    )
    parser.add_argument("--csv", action="store_true", help="also write the measures as CSV")
    parser.add_argument(
        "--jobs", type=jobs, default=1, metavar="N", help="videos that are annotated at a time (default: %(default)s)"
    )
    parser.add_argument("--seed", type=seed, default=0)
    add_tracking(parser, api.RATE_HZ, api.MAX_PEOPLE)
    add_span(parser)
    add_reading(parser, "video", "audio")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    data = folder_of(args)
    settings = Settings(
        detector=args.detector,
        model=args.model,
        labels=args.labels,
        min_score=args.min_score,
        rate_hz=args.rate,
        max_people=args.people,
        start_s=args.start_s,
        end_s=args.end_s,
        seed=args.seed,
        video_stream=args.video_stream,
        audio_stream=args.audio_stream,
        accept_damaged=args.accept_damaged,
        draw=args.draw,
        csv=args.csv,
    )
    for name in video_names(args.videos, "their results would share a folder; rename one"):
        check_writable(args.out / name, folder=True)
    if args.jobs > 1 and len(args.videos) > 1:
        command = [sys.executable, "-m", "kinesics.cli", "annotate", *_options(args, data)]
        with ThreadPoolExecutor(args.jobs) as pool:
            done = list(pool.map(partial(_in_process, command), args.videos))
    else:
        done = [_in_turn(video, args.out, settings, data, len(args.videos) > 1) for video in args.videos]
    if len(args.videos) > 1:
        write_overall_index(args.videos, args.out)
    if failed := [video for video, success in zip(args.videos, done, strict=True) if not success]:
        raise KinesicsError(f"{len(failed)} of {len(done)} videos failed: {', '.join(map(str, failed))}")


def _in_turn(video: Path, out: Path, settings: Settings, data: Path, several: bool) -> bool:
    """Annotate a video; return whether it succeeded. Of several videos, a bad one does not end the work on the others."""
    try:
        events = annotate(video, out, settings=settings, data=data, notify=print, progress=True)
    except KinesicsError as error:
        if not several:
            raise
        print(f"kinesics: {error}", file=sys.stderr)
        return False
    print(f"{out / video_name(video)}: {pluralise(len(events), 'event')}")
    return True


def _in_process(command: list[str], video: Path) -> bool:
    """Annotate a video in a process of its own, print what it printed, and return whether it succeeded."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "backslashreplace"}
    process = subprocess.Popen([*command, "--", str(video)], **pipes)
    with cleaning_up(process.terminate):
        output, errors = process.communicate()
    print(output, end="", flush=True)
    print(errors, end="", file=sys.stderr, flush=True)
    return process.returncode == 0


def _options(args: argparse.Namespace, data: Path) -> list[str]:
    """Return the options of the command for one video."""
    values = {
        "--out": args.out,
        "--detector": args.detector,
        "--model": args.model,
        "--labels": ",".join(args.labels) or None,
        "--min-score": args.min_score,
        "--seed": args.seed,
        "--rate": args.rate,
        "--people": args.people,
        "--from": in_digits(args.start_s),
        "--to": None if args.end_s is None else in_digits(args.end_s),
        "--video-stream": args.video_stream,
        "--audio-stream": args.audio_stream,
        "--data": data,
    }
    flags = [flag for flag in ("--draw", "--csv", "--accept-damaged") if getattr(args, flag[2:].replace("-", "_"))]
    return [f"{name}={value}" for name, value in values.items() if value is not None] + flags
