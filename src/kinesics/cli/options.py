"""Types of options that are numbers, and options that several commands share."""

import argparse
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from kinesics.detectors.packaged import needs_model
from kinesics.detectors.registry import DETECTORS
from kinesics.io.downloads import data_folder
from kinesics.io.names import check_text
from kinesics.structures.timegrid import LONGEST_S

SHORTEST_S = 0.04  # of windows and steps: about a frame


def number(kind: type, what: str, low: float, high: float = float("inf")) -> Callable[[str], float]:
    """Return a parser of numbers of a kind from ``low`` to ``high``; ``what`` says in words which are meant."""

    def parse(value: str) -> float:
        try:
            parsed = kind(value)
        except ValueError:
            parsed = None
        if parsed is None or not low <= parsed <= high or parsed == float("inf"):
            raise argparse.ArgumentTypeError(f"{value} is not {what}")
        return parsed

    return parse


rate = number(float, "a rate between 0.1 and 1000 Hz", 0.1, 1000)
seconds = number(float, f"a number of at least {SHORTEST_S:g}", SHORTEST_S)
price = number(float, "a price of 0 or more", 0)
pixels = number(int, "a size in pixels", 1)
count = number(int, "a whole number from 1 to 100", 1, 100)
resamples = number(int, "a number of resamples between 0 and 100000", 0, 100_000)
_TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?)")


def time(value: str) -> float:
    """Parse a time in seconds, or as m:ss or h:mm:ss; return seconds."""
    match = _TIME.fullmatch(value)
    hours, minutes, seconds_ = match.groups() if match else (None, None, "nan")
    time_s = 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds_)
    if not time_s <= LONGEST_S or (minutes and float(seconds_) >= 60):
        raise argparse.ArgumentTypeError(f"{value} is not a time: give seconds or h:mm:ss, such as 90.5 or 0:01:30.5")
    return time_s


def in_digits(time_s: float) -> str:
    """Return a time in seconds as ``time`` reads it: without an exponent."""
    return f"{Decimal(repr(time_s)):f}"


stream_number = number(int, "the number of a stream, from 0", 0)
seed = number(int, "a seed: a whole number from 0", 0)
share = number(float, "a share between 0 and 1", 0, 1)


def assignment(value: str) -> tuple[str, object]:
    """Parse ``NAME=JSON``."""
    name, _, text = value.partition("=")
    try:
        return name, json.loads(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value}: not NAME=JSON, as in max_tokens=null") from None


def severity(value: str) -> tuple[str, int]:
    """Parse ``TYPE=SEVERITY`` of a perturbation."""
    name, equals, level = value.partition("=")
    if not equals or not level.isdecimal():
        raise argparse.ArgumentTypeError(f"{value} is not TYPE=SEVERITY, such as shake=2")
    return name, int(level)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``, the folder of downloaded files; ``folder_of`` resolves it."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="folder of downloaded files (default: KINESICS_DATA, else kinesics in the user's cache folder)",
    )


def folder_of(args: argparse.Namespace) -> Path:
    """Return the folder of downloaded files. Raises KinesicsError if there is none, it is a file, or its name no text."""
    folder = data_folder(args.data)
    check_text(str(folder))
    return folder


def add_detector(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--detector`` and ``--model``."""
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help=f"{', '.join(name for name in DETECTORS if not needs_model(name))}; trained ones, with --model: "
        f"{', '.join(filter(needs_model, DETECTORS))} (default: the model's, else {default})",
    )
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="checkpoint of a trained detector (ranked comes with its own)"
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add ``--labels`` and ``--min-score``, which events are kept."""
    parser.add_argument(
        "--labels",
        type=names,
        default=(),
        metavar="A,B",
        help="behaviours to keep (default: all; without --model those that ranked detects better than by chance)",
    )
    parser.add_argument(
        "--min-score", type=share, default=0.0, metavar="S", help="lowest score of an event (default: %(default)s)"
    )


def names(value: str) -> tuple[str, ...]:
    """Parse names that commas separate."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def add_reading(parser: argparse._ActionsContainer, *kinds: str) -> None:
    """Add ``--video-stream`` and ``--audio-stream``, those of ``kinds``, and ``--accept-damaged``."""
    for kind in kinds:
        parser.add_argument(
            f"--{kind}-stream",
            type=stream_number,
            metavar="N",
            help=f"number in the file of the {kind} stream to read, from 0 (default: the one flagged default)",
        )
    parser.add_argument(
        "--accept-damaged", action="store_true", help="analyse what can be read of a file that is cut off or damaged"
    )


def add_tracking(parser: argparse.ArgumentParser, rate_hz: float, people: int) -> None:
    """Add ``--rate`` and ``--people``, the settings of the tracker."""
    parser.add_argument(
        "--rate", type=rate, default=rate_hz, metavar="HZ", help="frames tracked per second (default: %(default)s)"
    )
    parser.add_argument(
        "--people", type=count, default=people, metavar="N", help="people tracked at once (default: %(default)s)"
    )


def add_span(parser: argparse.ArgumentParser) -> None:
    """Add ``--from`` and ``--to``, the part of the video that is analysed."""
    for flag, name, text in (("--from", "start_s", "start"), ("--to", "end_s", "end")):
        parser.add_argument(
            flag,
            type=time,
            default=0.0 if name == "start_s" else None,
            dest=name,
            metavar="T",
            help=f"{text} of the part that is analysed, in seconds or h:mm:ss (default: the video's)",
        )
