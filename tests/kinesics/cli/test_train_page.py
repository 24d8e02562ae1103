"""The page on training: every command on it runs, as it stands there, on real clips coded in ELAN."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from support import ROOT

import kinesics
from kinesics.formats.base import Media, Options, ignore
from kinesics.formats.registry import write_events

PAGE = ROOT / "docs/how-to/train.md"
#: Which clip stands for which video of the page.
CLIPS = {
    "talk": "WolfgangLanger_Pexels",
    "lecture": "fi_protagonist",
    "interview": "single_face",
    "rest/a": "single_face",
}


@pytest.fixture
def films(tmp_path, clip):
    """Return a folder with the videos of the page, and the ELAN files of the coded ones."""
    (tmp_path / "rest").mkdir()
    coded = kinesics.read_events(ROOT / "annotations/coder_a.csv").table
    for name, of_clip in CLIPS.items():
        shutil.copy(clip(of_clip), tmp_path / f"{name}.mp4")
        if "/" not in name:
            events = kinesics.Events(coded[coded["video"] == of_clip].assign(video=name))
            assert len(events)
            media = Media(tmp_path / f"{name}.mp4")
            write_events(events, tmp_path / f"{name}.eaf", options=Options(media=media, notify=ignore))
    return tmp_path


@pytest.mark.slow
def test_every_command_of_the_page_runs(films):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [line for language, block in blocks if not language for line in block.splitlines()]
    assert [line.split()[1] for line in commands] == ["convert", "convert", "train", "annotate", "score", "annotate"]
    environment = os.environ | {"KINESICS_DATA": str(ROOT / "data")}
    said = {}
    for line in commands:
        assert line.startswith("kinesics ")
        command = f"{sys.executable} -m kinesics.cli {line.removeprefix('kinesics ')}"
        run = subprocess.run(command, shell=True, cwd=films, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, (line, run.stderr)
        said[line.split()[1]] = run.stdout
    assert "f1_50" in said["score"]
    learned = set(kinesics.read_events(films / "coded.csv").table["label"])
    for folder in ("judged/interview", "results/a"):
        assert set(kinesics.read_events(films / folder / "events.csv").table["label"]) <= learned
