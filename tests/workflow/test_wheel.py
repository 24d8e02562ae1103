"""The wheel: built from the checkout, installed with its core dependencies alone, it runs elsewhere."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from support import ROOT

pytestmark = pytest.mark.slow


def run(*command: str | Path, **options) -> subprocess.CompletedProcess:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Return the folder of a wheel and a source archive of the files that git knows."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith(("src/", "pyproject", "README", "LICENSE")) and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).write_bytes((ROOT / name).read_bytes())
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.mark.slow
def test_wheel_and_source_archive_hold_the_product_and_its_tables(built):
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith("kinesics_paper")]
    for name in ("py.typed", "io/downloads.csv", "io/schemas/downloads.yaml", "structures/vocabulary.csv"):
        assert f"kinesics/{name}" in names
    tables = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/kinesics").rglob("*.csv")}
    assert tables <= set(names)
    viewer = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/kinesics/formats/viewer").iterdir()}
    assert "kinesics/formats/viewer/main.js" in viewer <= set(names)
    with tarfile.open(source) as archive:
        assert any(name.endswith("src/kinesics/api/__init__.py") for name in archive.getnames())


@pytest.mark.slow
def test_the_installed_wheel_detects_and_scores_elsewhere(built, clip, tmp_path):
    """Core dependencies only, in an empty environment; a missing extra is one line that names it."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env/bin/python"
    pins = re.findall(r"^[A-Za-z0-9_.-]+==[^ ]+", (ROOT / "requirements.lock").read_text(), re.M)
    (tmp_path / "pins.txt").write_text("\n".join(pins) + "\n")
    (wheel,) = built.glob("*.whl")
    done = run(python, "-m", "pip", "install", "--quiet", "--constraint", tmp_path / "pins.txt", wheel)
    assert done.returncode == 0, done.stderr
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"KINESICS_DATA": str(ROOT / "data")}
    kinesics = tmp_path / "env/bin/kinesics"
    work = {"cwd": tmp_path, "env": env}
    done = run(kinesics, "detect", clip("single_face"), "--out", "events.csv", **work)
    assert done.returncode == 0, done.stderr
    assert "happy" in set(pd.read_csv(tmp_path / "events.csv")["label"])
    done = run(kinesics, "score", "--truth", "events.csv", "--predicted", "events.csv", "--resamples", "50", **work)
    assert done.returncode == 0, done.stderr
    assert re.search(r"f1_50 +\| 1\.000", done.stdout)
    code = "import kinesics; print(len(kinesics.read_events('events.csv')), kinesics.__file__)"
    done = run(python, "-c", code, **work)
    assert done.returncode == 0, done.stderr
    assert "site-packages" in done.stdout
    for arguments, extra in [
        (["encode", clip("single_face"), "--tracks", "t", "--encoder", "vit_s_focus", "--out", "f"], "encoders"),
        (["synthesize", "--out", "v.mp4"], "synthetic"),
        (
            [
                "ask",
                clip("single_face"),
                "--endpoint",
                "http://localhost:1",
                "--model",
                "m",
                "--labels",
                "a",
                "--out",
                "answers.csv",
            ],
            "vlm",
        ),
    ]:
        done = run(kinesics, *arguments, **work)
        assert done.returncode == 1
        (line,) = done.stderr.strip().splitlines()
        assert f"pip install 'kinesics[{extra}]'" in line
