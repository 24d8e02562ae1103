"""What the scripts of the workflow share: a log file, errors in one line, and how a rule's files become arguments."""

import contextlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

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


def named_files(files: Any) -> dict[str, Any]:
    """Return a rule's named inputs or outputs: {name: a path, or a list of paths}."""
    return {name: value if isinstance(value, str) else list(value) for name, value in files.items()}


def function(name: str, package: str) -> Callable[..., Any]:
    """Return ``kinesics_paper.<package>.<module>.<function>`` of ``"module.function"``."""
    module, _, attribute = name.partition(".")
    return getattr(import_module(f"kinesics_paper.{package}.{module}"), attribute)


def call(called: Callable[..., Any], *given: Mapping[str, Any]) -> Any:
    """Call a function with the given values that it has parameters for; what else is given are dependencies only.

    Of a name that is given twice the last value counts.
    """
    values = {name: value for mapping in given for name, value in mapping.items()}
    return called(**{name: values[name] for name in inspect.signature(called).parameters if name in values})
