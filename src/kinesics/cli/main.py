"""Dispatch the command ``kinesics`` and map errors to one line and an exit status."""

import argparse
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module

import kinesics
from kinesics.errors import KinesicsError
from kinesics.io.extras import missing_extra
from kinesics.io.names import check_text

#: Name of each command, in the order of ``--help``, with its line there. A command is a module of ``cli.commands``.
COMMANDS = {
    "annotate": "detect events in videos; write tables, annotation files and summaries",
    "detect": "detect behavioural events in a video",
    "track": "track people in a video: faces, hands, bodies",
    "score": "score predicted events against annotations",
    "convert": "convert events between ELAN, BORIS, Praat, subtitles, CVAT, Label Studio and other formats",
    "train": "train a detector on annotated videos",
    "encode": "extract features of a video's people or sound with a frozen encoder",
    "encoders": "list the encoders: input, licence, and whether they can run now",
    "ask": "prompt a vision-language model: rank labels for images and clips, or detect events in videos",
    "synthesize": "render a video of synthetic actors with exact ground truth",
    "fetch": "download pinned weights and demo clips, each checked against its SHA-256",
}


#: What is said where words follow an option of one.
LISTED = "; a list of labels is separated by commas, as in --labels happy,speaking"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for bad input (one line on stderr), 2 for bad usage.

    Without ``arguments`` those of the process are taken, and its output is made safe for any encoding. ``cli.__main__``
    also ends the process on signals, with the status 130, 143 or 129.
    """
    if arguments is None:
        _escape_output()
        arguments = sys.argv[1:]
    try:
        _run(arguments)
    except KinesicsError as error:
        message = str(error)
    except UnicodeEncodeError as error:
        text = error.object[max(error.start - 40, 0) : error.end + 40]
        message = f"{text!r} is not text in {error.encoding}: rename the file or folder"
    except OSError as error:
        if sys.stdout:
            _drop_output()
        if isinstance(error, BrokenPipeError):  # the reader of the output left, as `head` does
            return 1
        message = f"{error.filename or 'the disk'}: {error.strerror or error}"
    except MemoryError:
        message = "the memory does not suffice: give less at once, or end other programs"
    else:
        return 0
    print(f"kinesics: {message}", file=sys.stderr)
    return 1


def _run(arguments: list[str]) -> None:
    for argument in arguments:  # names that are not text fit no table, and not all libraries open their files
        check_text(argument)
    try:
        parser = _parser(arguments)
        if not arguments:
            parser.print_help()
            return
        args, rest = parser.parse_known_args(arguments)
        if rest:
            listed = "labels" in args and not rest[0].startswith("-")
            parser.error(f"unrecognized arguments: {' '.join(rest)}{LISTED if listed else ''}")
        if not gc.isenabled():
            gc.freeze()  # what was imported is looked through neither now nor at the end
            gc.enable()
        args.run(args)
    except ModuleNotFoundError as error:
        raise missing_extra(error) from None
    finally:
        if sys.stdout:
            sys.stdout.flush()  # here, where a full disk is still reported in one line


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    """Return the parser of the command in ``arguments``; the others have only their names, so that help is instant."""
    parser = argparse.ArgumentParser(prog="kinesics", description=kinesics.__doc__)
    parser.add_argument("--version", action="version", version=f"kinesics {kinesics.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    chosen = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == chosen:
            command.add_argument(
                "--verbose", action="store_true", help="also print messages of the networks' libraries"
            )
            module = import_module(f"kinesics.cli.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _escape_output() -> None:
    """Let signs that the terminal's encoding lacks be printed as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None if it is closed
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Leave nothing in the buffer of an output that failed: it would fail again when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
