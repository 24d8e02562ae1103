"""Clean up what must not outlive the process: temporary files and folders, programs that it started.

A process that is ended by a signal calls ``clean_up`` (see ``kinesics.cli.interruption``): no exception has to find its way
through the libraries that are running, or are being imported, at that moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_pending: dict[object, Callable[[], object]] = {}


@contextmanager
def cleaning_up(clean: Callable[[], object]) -> Iterator[None]:
    """Call ``clean`` at the end of the block, or in ``clean_up`` if the process ends before.

    Enter it before the thing exists that ``clean`` deletes: then no instant is left at which it would stay. ``clean`` may
    be called twice, and when there is nothing to delete.
    """
    key = object()
    _pending[key] = clean
    try:
        yield
    finally:
        clean()
        del _pending[key]


def clean_up() -> None:
    """Clean up what the blocks that are entered have made, the last one first."""
    for clean in reversed(list(_pending.values())):
        with suppress(OSError):  # the rest is deleted nevertheless
            clean()
