"""Fixtures: the real clips and weights, fetched once into the same folder as the workflow's."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT

from kinesics.io import downloads
from kinesics_paper.datasets.people import clip_download, read_people

#: Modules of slow tests alone, which `make test-fast` does not import: what they import takes seconds too.
SLOW_MODULES = {
    Path(__file__).parent / module
    for module in (
        "kinesics/detectors/test_budgeted.py",
        "kinesics/encoders/test_dino.py",
        "kinesics/encoders/test_internvideo2.py",
        "kinesics/encoders/test_loading.py",
        "kinesics/encoders/test_sentence_embedding.py",
        "kinesics/encoders/test_text_emotion.py",
        "kinesics/encoders/test_transformers_audio.py",
        "kinesics/encoders/test_transformers_vision.py",
        "kinesics/encoders/test_videollama3.py",
        "kinesics/encoders/test_vit_s_focus.py",
        "kinesics/synthetic/test_film.py",
        "kinesics/synthetic/test_motion.py",
        "kinesics/synthetic/test_render.py",
        "kinesics/vlm/test_local_model.py",
        "kinesics/vlm/test_server.py",
        "kinesics_paper/article/test_foundation.py",
        "kinesics_paper/studies/test_cross_validation.py",
        "kinesics_paper/studies/test_proposal_studies.py",
    )
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out modules of slow tests where these are not selected."""
    return True if config.option.markexpr == "not slow" and collection_path in SLOW_MODULES else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of modules of slow tests as slow."""
    for item in items:
        if item.path in SLOW_MODULES:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def source() -> Callable[[str], Path]:
    """Return a function from a source's id to the path of its (first) file."""
    return lambda name: downloads.fetch(name, ROOT / "data")[0]


@pytest.fixture(scope="session")
def clip() -> Callable[[str], Path]:
    """Return a function from the name of an annotated clip to its path."""
    tables = (downloads.TABLE, ROOT / "config/datasets.csv")
    sources, people = downloads.read_downloads(*tables), read_people(ROOT / "annotations")

    def path(name: str) -> Path:
        row = clip_download(name, sources, people)
        downloads.fetch(row["id"], ROOT / "data", *tables)
        return ROOT / "data" / row["id"] / row["file"]

    return path


@pytest.fixture(scope="session")
def clean_clone(tmp_path_factory) -> Path:
    """Return a copy of the project's own files with no data and no results, into which no other test fetches."""
    folder = tmp_path_factory.mktemp("clone")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a deleted file stays listed until it is committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def networks(source) -> Path:
    """Return the folder of MediaPipe's networks; that of face embeddings is beside it."""
    source("mobilefacenet")
    return source("mediapipe").parent
