"""Run the command line as a process of its own: ``python -m kinesics.cli``, or the console script ``kinesics``."""

import gc
import os
import sys

from kinesics.cli.interruption import end_on_signals
from kinesics.cli.quiet import hide_native_messages


def run() -> int:
    """Run the command in the arguments of the process; return the exit status, or end with it on a signal."""
    if "--verbose" not in sys.argv:
        hide_native_messages()
    end_on_signals()
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # its threads take longer to wake than small images to cut out
    gc.disable()  # nothing that is imported is garbage; cli.main enables it
    from kinesics.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
