"""What every script of the workflow shares: its log file, and errors in one line."""

import contextlib
import sys
import traceback
from collections.abc import Iterator

from kinesics.errors import KinesicsError


@contextlib.contextmanager
def job(log: str) -> Iterator[None]:
    """Send what the block prints to the file ``log``; a KinesicsError ends the program with its one line."""
    with open(log, "w", encoding="utf-8") as file:
        try:
            with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
                yield
        except KinesicsError as error:
            print(error, file=file)
            sys.exit(f"kinesics: {error}")
        except Exception:
            traceback.print_exc(file=file)
            raise
