"""Share the work on a frame among threads, and count the time of each part of it."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

from kinesics.io.threads import ahead

T = TypeVar("T")

#: The parts of the work, in the order of a report.
PARTS = ("decode", "search", "face", "pose", "hands", "identify", "write")


class Workers:
    """Threads that run jobs. The results have the order of the jobs, so they are the same with any number of threads.

    The networks and the decoder let go of the interpreter's lock. ``seconds`` is the processor time of each part.
    """

    def __init__(self, number: int) -> None:
        self._pool = ThreadPoolExecutor(number, "worker") if number > 1 else None
        self._behind = ThreadPoolExecutor(1, "behind") if number > 1 else None
        self._later: deque[Future] = deque()
        self._lock = threading.Lock()
        self.seconds: dict[str, float] = defaultdict(float)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._pool, self._behind):
            if pool:
                pool.shutdown(cancel_futures=True)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of the block, in this thread, to a part."""
        began = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - began
            with self._lock:
                self.seconds[name] += spent

    def run(self, jobs: Sequence[tuple[str, Callable[[], T]]]) -> list[T]:
        """Run jobs, each with the part that its time is added to, and return their results in order."""

        def timed(job: tuple[str, Callable[[], T]]) -> T:
            with self.part(job[0]):
                return job[1]()

        if self._pool is None or len(jobs) < 2:
            return [timed(job) for job in jobs]
        return list(self._pool.map(timed, jobs))

    def later(self, job: Callable[[], object], most: int = 8) -> None:
        """Run a job behind the work on the next frames, in the order of the calls, at most so many at a time."""
        if self._behind is None:
            job()
            return
        self._later.append(self._behind.submit(job))
        while len(self._later) > most:
            self._later.popleft().result()

    def finish(self) -> None:
        """Wait for the jobs that run behind; raise the error of one that failed."""
        while self._later:
            self._later.popleft().result()

    def ahead(self, items: Iterable[T], part: str) -> Iterator[T]:
        """Yield items, which a thread of their own makes a few ahead; without threads, one by one."""
        timed = self._timed(items, part)
        return ahead(timed) if self._pool else timed

    def _timed(self, items: Iterable[T], part: str) -> Iterator[T]:
        source, end = iter(items), object()
        while True:
            with self.part(part):
                item = next(source, end)
            if item is end:
                return
            yield cast(T, item)
