"""``kinesics encode``: extract features with a frozen encoder."""

import argparse
from pathlib import Path

from kinesics import api
from kinesics.cli.options import add_data, add_reading, folder_of, rate
from kinesics.cli.outputs import check_outputs
from kinesics.encoders.registry import is_visual
from kinesics.media.streams import ReadOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    parser.add_argument(
        "--tracks", type=Path, metavar="TRACKS.parquet", help="of the video's people, for encoders of images and clips"
    )
    parser.add_argument("--encoder", required=True, metavar="NAME", help="one of those that 'kinesics encoders' lists")
    parser.add_argument(
        "--rate", type=rate, default=None, metavar="HZ", help="crops per second (default: the encoder's)"
    )
    parser.add_argument(
        "--weights", metavar="PATH", help="file or folder, or repository of the Hugging Face hub (default: in --data)"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="FILE", help="keep the features of each crop here: an interrupted run resumes"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FEATURES.safetensors")
    add_reading(parser, "video", "audio")
    add_data(parser)


def run(args: argparse.Namespace) -> None:
    data = folder_of(args)
    check_outputs([args.out, args.cache], [args.video, args.tracks])
    if is_visual(args.encoder) == bool(args.tracks):  # else it is refused
        options = ReadOptions(args.video_stream, args.audio_stream, args.accept_damaged)
        api.check_video(args.video, options, sound=not args.tracks)
    api.encode_file(
        args.video,
        args.encoder,
        args.out,
        tracks=args.tracks,
        rate_hz=args.rate,
        weights=args.weights,
        cache=args.cache,
        video_stream=args.video_stream,
        audio_stream=args.audio_stream,
        accept_damaged=args.accept_damaged,
        data=data,
        notify=print,
        progress=True,
    )
