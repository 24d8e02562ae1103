"""Signals at any moment: one line, the exit status of shells, no traceback, and nothing temporary is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT
from support.clips import numbered, write_video

#: What the console script runs. Its first line of output comes just before, once Python itself has started.
ENTRY = "import sys; from kinesics.cli.__main__ import run; print('ready', flush=True); sys.exit(run())"
HANDLED = "from kinesics.cli.interruption import end_on_signals; end_on_signals(); "
INTERRUPTED = "kinesics: interrupted; nothing half-written was kept\n"


@pytest.fixture
def interrupt(tmp_path) -> Callable[..., tuple[int, str]]:
    """Return a function that starts Python code in a folder, and sends it a signal some time after its first line.

    It returns the exit status and what the process wrote on stderr. Temporary files are made in ``tmp_path / "tmp"``.
    """
    (tmp_path / "tmp").mkdir()
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}

    def run(code: str, *arguments: str, number: int = signal.SIGINT, delay_s: float = 0.0, **more) -> tuple[int, str]:
        command = [sys.executable, "-c", code, *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=tmp_path, env=environment | more, **streams) as process:
            try:
                assert process.stdout.readline() == "ready\n"
                time.sleep(delay_s)
                process.send_signal(number)
                _, errors = process.communicate(timeout=60)
            finally:
                process.kill()
        return process.returncode, errors

    return run


@pytest.mark.parametrize(
    "delay_s", [0.02, 0.1, 0.3, *(pytest.param(delay_s, marks=pytest.mark.slow) for delay_s in (0.6, 1.2))]
)
def test_ctrl_c_while_detecting_is_one_line(interrupt, tmp_path, delay_s):
    """The first second goes into imports."""
    write_video(tmp_path / "film.mp4", numbered(20) * 60)
    data = ["--data", str(ROOT / "data")]
    status, errors = interrupt(ENTRY, "detect", "film.mp4", "--out", "events.csv", *data, delay_s=delay_s)
    assert "Traceback" not in errors
    assert errors.endswith(INTERRUPTED)
    assert errors.count("kinesics:") == 1
    assert status == 130
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["film.mp4", "tmp"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("delay_s", [0.02, 0.6])
def test_other_signals_have_their_status(interrupt, number, status, delay_s):
    arguments = ["detect", "absent.mp4", "--out", "events.csv"]
    code = ENTRY.replace("sys.exit(run())", "import time; time.sleep(9) if run() else 0")  # the command itself is quick
    line = "kinesics: terminated; nothing half-written was kept\n"
    ended, errors = interrupt(code, *arguments, number=number, delay_s=delay_s)
    assert ended == status
    assert errors.removeprefix("kinesics: absent.mp4: no such file\n") == line


def test_handlers_are_set_before_anything_heavy_is_imported():
    code = "import sys; before = set(sys.modules); import kinesics.cli.__main__; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    assert "kinesics.cli.interruption" in imported
    assert not imported & {"argparse", "contextlib", "threading", "pathlib", "numpy", "pandas", "kinesics.cli.main"}


def test_the_console_script_runs_what_sets_the_handlers():
    assert 'kinesics = "kinesics.cli.__main__:run"' in (ROOT / "pyproject.toml").read_text()


def test_open_files_and_folders_are_deleted(interrupt, tmp_path):
    code = HANDLED + (
        "import time; from kinesics.io.files import replacing, temporary_folder\n"
        "with temporary_folder() as folder, replacing('out.csv') as temporary:\n"
        "    (folder / 'inner').mkdir(); (folder / 'inner/part').touch(); temporary.write_text('half')\n"
        "    print('ready', flush=True); time.sleep(60)"
    )
    assert interrupt(code) == (130, INTERRUPTED)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["tmp"]


@pytest.mark.slow
def test_a_library_that_runs_no_handler_is_not_waited_for(interrupt):
    """As is the training of a network, all steps in one call."""
    code = HANDLED + "import hashlib; print('ready', flush=True); hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
    begin = time.monotonic()
    assert interrupt(code, delay_s=0.2) == (130, INTERRUPTED)
    assert time.monotonic() - begin < 30


def test_an_exception_in_the_way_of_imports_is_not_needed(interrupt):
    """Where ``except`` catches all, as in some libraries while they are imported, the process ends nevertheless."""
    code = HANDLED + (
        "import time; print('ready', flush=True)\n"
        "while True:\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    except BaseException:\n"
        "        pass"
    )
    assert interrupt(code) == (130, INTERRUPTED)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT"])
def test_a_signal_that_is_ignored_stays_so(name):
    """As for the jobs of ``nohup``, and those in the background of a shell."""
    code = (
        f"import os, signal; signal.signal(signal.{name}, signal.SIG_IGN); {HANDLED}"
        f"os.kill(os.getpid(), signal.{name}); print('alive')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "alive\n", "")


@pytest.mark.slow
def test_a_program_that_downloads_is_ended_and_leaves_nothing(tmp_path):
    client, data = tmp_path / "bin/npm", tmp_path / "data"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\ntouch "$TMPDIR/part"\necho $$ > {tmp_path}/pid\nexec sleep 300\n')
    client.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "KINESICS_MIRROR"}
    environment |= {"PATH": f"{client.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "kinesics.cli", "fetch", "franck", "--data", str(data)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        program = int(wait_for(tmp_path / "pid"))
        assert list(data.glob("franck/.fetch-*/part"))
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "kinesics: terminated; nothing half-written was kept\n")
    assert not list(data.glob("franck/*"))
    deadline = time.monotonic() + 10
    while Path(f"/proc/{program}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


def wait_for(path: Path) -> str:
    """Return what a file holds as soon as it holds something."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_text()
