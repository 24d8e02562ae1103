"""Fixtures that several test files of synthetic videos share."""

import fcntl
import os
from pathlib import Path

import pytest
from support.synthetic import with_one_actor

from kinesics.synthetic.anny_bodies import make_actor
from kinesics.synthetic.script import Script, draw_script


@pytest.fixture(scope="session")
def actors(tmp_path_factory) -> Path:
    """Return a folder in which actors are cached, with actor 1: all workers share it, since an actor takes seconds to make."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "actors"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_actor(1, folder)
    return folder


@pytest.fixture(scope="session")
def long_script() -> Script:
    """Return a script of five minutes in which one person performs actions of all labels."""
    return with_one_actor(draw_script(4, 300, 1, "half"))
