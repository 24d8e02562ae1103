"""Load TensorFlow Lite networks."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

_lock = threading.Lock()  # two threads would restore each other's descriptor


def load_litert(name: str | Path, content: bytes) -> Interpreter:
    """Return the interpreter of a TFLite file's content, on one thread, its tensors allocated.

    Raises KinesicsError, which names the file, if the content is not a network.
    """
    try:
        with _native_stderr_discarded():
            network = Interpreter(model_content=content, num_threads=1)
            network.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise KinesicsError(
            f"{name}: not a TensorFlow Lite network, or damaged: {one_line(error)}; delete it, and run again"
        ) from None
    return network


@contextmanager
def _native_stderr_discarded() -> Iterator[None]:
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
