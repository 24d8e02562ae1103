"""The configuration through snakemake: what --config and --configfile may change, and how a fault is refused."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


def dry_run(clone: Path, *options: str) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).with_name("snakemake")), "--dry-run", "--forceall", "--nolock"]
    return subprocess.run([*command, *options], cwd=clone, capture_output=True, text=True)


def learning_curve_jobs(done: subprocess.CompletedProcess) -> int:
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"^learning_curve +(\d+)$", done.stdout + done.stderr, re.MULTILINE)[1])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2.0", '"2.0" is not a list; wanted: a list of numbers of training videos'),
        ("two", '"two" is not a list; wanted: a list of numbers of training videos'),
        ("[2.0]", '0: "2.0" is not a whole number; wanted: a number of training videos'),
    ],
)
def test_a_wrong_learning_curve_is_refused_at_once(clean_clone, value, message):
    done = dry_run(clean_clone, "--config", f"synthetic={{learning_curve: {value}}}")
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "learning_curve" in line]
    assert re.search(rf"synthetic\.learning_curve[.:] ?{re.escape(message)}", line)


def test_a_float_in_a_file_is_refused(clean_clone, tmp_path):
    (tmp_path / "float.yaml").write_text("synthetic: {learning_curve: [2.0]}\n")
    done = dry_run(clean_clone, "--configfile", str(tmp_path / "float.yaml"))
    assert done.returncode != 0
    assert "synthetic.learning_curve.0: 2.0 is not a whole number" in done.stdout + done.stderr


def test_the_learning_curve_is_set_on_the_command_line(clean_clone):
    assert learning_curve_jobs(dry_run(clean_clone, "--config", "synthetic={learning_curve: [2]}")) == 2


def test_one_training_video_is_planned(clean_clone):
    done = dry_run(clean_clone, "--config", "synthetic={train: {videos: 1}, learning_curve: []}")
    assert learning_curve_jobs(done) == 1
    assert "results/scores/learning_curve/1.json" in done.stdout + done.stderr


def test_a_job_gets_the_configuration_of_the_command_line(clean_clone):
    command = [str(Path(sys.executable).with_name("snakemake")), "--nolock", "--cores", "1"]
    command += ["--config", "synthetic={learning_curve: [2]}", "--", "results/scores/annotations.json"]
    done = subprocess.run(command, cwd=clean_clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (clean_clone / "results/scores/annotations.json").is_file()
