"""The workflow over a folder of videos: a job a video, a damaged one is listed and not fatal, the same command continues."""

import os
import shutil
import subprocess
import sys

import pytest
from support import ROOT

from kinesics.api.annotation import output_names


@pytest.mark.slow
def test_a_folder_is_annotated_but_for_a_damaged_video_which_is_listed(tmp_path, clip):
    films = tmp_path / "films"
    (films / "day 2").mkdir(parents=True)
    for name in ("a.mp4", "day 2/it's b.MP4"):
        shutil.copy(clip("single_face"), films / name)
    (films / "damaged.mp4").write_bytes(clip("single_face").read_bytes()[:5000])
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow/annotate.smk"), "--keep-going"]
    command += ["--cores", "1", "--config", f"videos={films}", "out=annotated", "options=--labels happy"]
    environment = os.environ | {"KINESICS_DATA": str(ROOT / "data")}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    first = run()
    assert first.returncode == 1
    assert f"1 of 3 videos failed; annotated/logs says why:\n  {films / 'damaged.mp4'}" in first.stdout + first.stderr
    assert "damaged.mp4" in (tmp_path / "annotated/logs/damaged.txt").read_text()
    for name in ("a", "it's b"):
        folder = tmp_path / "annotated" / name
        assert sorted(path.name for path in folder.iterdir()) == sorted(output_names(f"{name}.mp4"))
    before = (tmp_path / "annotated/a/provenance.json").stat().st_mtime_ns
    shutil.copy(clip("single_face"), films / "damaged.mp4")
    second = run()
    assert second.returncode == 0, second.stderr
    assert "3 videos annotated" in second.stdout + second.stderr
    assert (tmp_path / "annotated/a/provenance.json").stat().st_mtime_ns == before
