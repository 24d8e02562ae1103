"""Dispatch the command ``kinesics`` and map errors to one line and an exit status."""

import argparse
import os
import signal
import sys
import threading
from importlib import import_module

import kinesics
from kinesics.errors import KinesicsError
from kinesics.io.extras import missing_extra

#: Name of each command, in the order of ``--help``, with its line there. A command is a module of ``cli.commands``.
COMMANDS = {
    "detect": "detect behavioural events in a video",
    "track": "track people in a video: faces, hands, bodies",
    "score": "score predicted events against annotations",
    "train": "train a detector on annotated videos",
    "encode": "extract features of a video's people or sound with a frozen encoder",
    "encoders": "list the encoders: input, licence, and whether they can run now",
    "ask": "prompt a vision-language model: rank labels for images and clips, or detect events in videos",
    "synthesize": "render a video of synthetic actors with exact ground truth",
    "fetch": "download pinned weights and demo clips, each checked against its SHA-256",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for bad input (one line on stderr), 2 for bad usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    try:
        try:
            args = _parser(arguments).parse_args(arguments)
            args.run(args)
        except ModuleNotFoundError as error:
            raise missing_extra(error) from None
    except KinesicsError as error:
        print(f"kinesics: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output left, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            print(f"kinesics: {error.filename or 'the disk'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("kinesics: the memory does not suffice: give less at once, or end other programs", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kinesics: interrupted; nothing half-written was kept", file=sys.stderr)
        return 130
    return 0


def _terminated(number: int, frame: object) -> None:
    """End as if by an error, so that temporary files are deleted."""
    print("kinesics: terminated; nothing half-written was kept", file=sys.stderr)
    raise SystemExit(128 + number)


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Return the parser of the command that is asked for; the others are known by name only, so that help is instant."""
    parser = argparse.ArgumentParser(prog="kinesics", description=kinesics.__doc__)
    parser.add_argument("--version", action="version", version=f"kinesics {kinesics.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == asked:
            module = import_module(f"kinesics.cli.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
