"""The plan of the workflow: every result of the tier has its job."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT

from kinesics.synthetic.dataset import plan_videos


@pytest.mark.slow
def test_the_workflow_plans_every_result_of_the_tier(clean_clone):
    done = subprocess.run(
        [Path(sys.executable).parent / "snakemake", "--dry-run", "--forceall", "--nolock"],
        cwd=clean_clone,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M))
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert planned["track"] == str(len(config["clips"]))
    assert {planned[f"track_{batch}"] for batch in ("train", "val", "test", "perturbed_0", "perturbed_1")} == {"1"}
    assert planned["render_synthetic"] == str(len(plan_videos(config["synthetic"])))
    assert planned["pdf"] == planned["people_comparison"] == "1"
    assert int(planned["people_left_out"]) > 10
