"""Keep native libraries from writing to stderr."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()  # two threads would restore each other's descriptor


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Discard what native code writes to stderr: TensorFlow Lite reports its delegate, whatever is set."""
    with _lock:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
