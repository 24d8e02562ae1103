"""End the process on Ctrl-C, SIGTERM or SIGHUP: one line on stderr, an exit status, no temporary file left.

No exception is raised at the place where the process happens to be: libraries that are being imported, callbacks and
destructors turn such an exception into another one, print it or lose it. The handler deletes what is temporary and ends.
"""

import os
import signal
import sys

#: The signals, and how the process then ended. The exit status is 128 and the signal's number, as shells have it.
SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminated"}
#: How long the main thread may be in a library that runs no handler, such as the training in one compiled program.
PATIENCE_S = 0.5


def end_on_signals() -> None:
    """End this process on the signals of ``SIGNALS``. To be called once, in the main thread, before anything is imported.

    Signals that are ignored stay so: those of ``nohup``, and Ctrl-C for jobs in the background of a shell.
    """
    numbers = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    for number in numbers:
        signal.signal(number, _leave)  # at once: nothing is temporary yet

    import threading
    import time

    from kinesics.io.cleanup import clean_up

    ending = threading.RLock()

    def end(number: int, frame: object = None) -> None:
        with ending:  # one thread ends the process; the other waits, so that it makes nothing new
            if threading.current_thread() is threading.main_thread():
                for other in numbers:
                    signal.signal(other, signal.SIG_IGN)
            clean_up()
            _leave(number)

    def watch() -> None:
        while True:
            for number in os.read(reader, 1):
                if number in numbers:
                    time.sleep(PATIENCE_S)
                    end(number)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=watch, daemon=True).start()
    for number in numbers:
        signal.signal(number, end)


def _leave(number: int, frame: object = None) -> None:
    # A progress bar, or the sign that the terminal prints for Ctrl-C, stands before the line.
    try:
        terminal = sys.stderr.fileno()
        begin = "\n" if os.isatty(terminal) else ""
        os.write(terminal, f"{begin}kinesics: {SIGNALS[number]}; nothing half-written was kept\n".encode())
    except (OSError, AttributeError):
        pass  # nobody reads it
    finally:
        os._exit(128 + number)
