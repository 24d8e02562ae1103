"""What the scripts of the workflow share: a log file, errors in one line, and a rule's files as arguments."""

import contextlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
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
    """Call a function with those of the given values that it has parameters for (see ``arguments_of``)."""
    return called(**arguments_of(called, *given))


def arguments_of(called: Callable[..., Any], *given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a function among the given values; the others are dependencies only.

    A parameter that is annotated with a dataclass is made of the values of its fields, whatever else has its name: rules
    call their dependencies ``files``. Of a name that is given twice the last value counts.
    """
    values = {name: value for mapping in given for name, value in mapping.items()}
    arguments = {}
    for name, parameter in inspect.signature(called, eval_str=True).parameters.items():
        if is_dataclass(parameter.annotation):
            known = {field.name: values[field.name] for field in fields(parameter.annotation) if field.name in values}
            arguments[name] = parameter.annotation(**known)
        elif name in values:
            arguments[name] = values[name]
    return arguments
