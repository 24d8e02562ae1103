"""Do work in a thread of its own: make items while those before are used, or run a job meanwhile."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ahead(items: Iterable[T], number: int = 6) -> Iterator[T]:
    """Yield items, which a thread of their own makes up to ``number`` ahead; one by one where there is one processor."""
    if processors() == 1:
        yield from items
        return
    source, end = iter(items), object()
    thread = ThreadPoolExecutor(1, "ahead")
    try:
        coming = deque(thread.submit(next, source, end) for _ in range(number))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, source, end))
            yield cast(T, item)
    finally:
        thread.shutdown(cancel_futures=True)


@contextmanager
def meanwhile(job: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Run a job in a thread of its own while the block runs; what is yielded waits for its result, or raises its error.

    Where there is one processor, that runs the job.
    """
    if processors() == 1:
        yield job
        return
    with ThreadPoolExecutor(1, "meanwhile") as thread:
        yield thread.submit(job).result
