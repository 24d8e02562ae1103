"""Messages of native code are hidden, its errors and the program's own lines are not."""

import subprocess
import sys

import pytest

from kinesics.cli.quiet import is_message

PROGRAM = """
import os, sys
from kinesics.cli.quiet import hide_native_messages
hide_native_messages()
os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n")
os.write(2, b"W0000 00:00:1795958047.774993    5902 feedback.cc:121] Feedback manager requires a model\\n")
print("own line", file=sys.stderr, flush=True)
os.write(2, b"F0000 00:00:1795958047.774993    5902 calculator.cc:12] Check failed\\n")
os.write(2, b"no line end")
os.abort()
"""


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        (b"WARNING: Logging before InitGoogle() is written to STDERR", True),
        (b"I0000 00:00:1.2  5 file.cc:1] made", True),
        (b"E0000 00:00:1.2  5 file.cc:1] failed", False),
        (b"Warning: 1 event", False),
        (b"I2 think", False),
        (b"", False),
    ],
)
def test_messages_are_told_from_errors(line: bytes, hidden: bool) -> None:
    assert is_message(line) is hidden


def test_a_crash_of_native_code_is_reported_and_its_messages_are_not() -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=60)
    assert result.returncode != 0
    assert sorted(result.stderr.decode().replace("own line\n", "").splitlines()) == [
        "F0000 00:00:1795958047.774993    5902 calculator.cc:12] Check failed",
        "no line end",
    ]
    assert b"own line\n" in result.stderr
