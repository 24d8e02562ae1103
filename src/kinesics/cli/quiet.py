"""Keep the messages of MediaPipe's, LiteRT's and XLA's native code off the terminal, but not their errors.

They are written to file descriptor 2 by C++ code, where Python cannot intercept them. So that descriptor becomes a pipe, and a
child process, which outlives a crash, copies from it what is no message of progress. Python's own ``sys.stderr`` keeps the
terminal.
"""

import os
import signal
import sys

_CHUNK = 65536


def hide_native_messages() -> None:
    """Filter what native code writes to stderr from now on. To be called once, before any thread is started."""
    if sys.stderr is None or not hasattr(os, "fork"):
        return
    terminal = os.dup(2)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(writer)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it ends with the last process that writes
        for other in (0, 1, 2):
            os.close(other)
        _copy(reader, terminal)
        os._exit(0)
    os.close(reader)
    os.dup2(writer, 2)
    os.close(writer)
    encoding, errors = sys.stderr.encoding, sys.stderr.errors
    sys.stderr = open(terminal, "w", buffering=1, encoding=encoding, errors=errors)  # noqa: SIM115 - until the end


def is_message(line: bytes) -> bool:
    """Return whether a line is an information or warning of Abseil's, TensorFlow Lite's or LiteRT's logger."""
    if line.startswith((b"INFO: ", b"WARNING: ")):
        return True
    # I0000 00:00:1795958047.774993    5902 file.cc:121] ...
    return line[:1] in (b"I", b"W") and line[1:5].isdigit() and line[5:6] == b" " and b"] " in line


def _copy(reader: int, terminal: int) -> None:
    """Copy whole lines that are no messages from one descriptor to another until no process writes any more."""
    rest = b""
    while chunk := os.read(reader, _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        _write(terminal, b"".join(line + b"\n" for line in lines if not is_message(line)))
    _write(terminal, b"" if is_message(rest) else rest)


def _write(terminal: int, text: bytes) -> None:
    try:
        while text:
            text = text[os.write(terminal, text) :]
    except OSError:
        pass  # nobody reads it; what is written to the pipe must still be read, or the writer would wait for ever
