"""The workflow's scripts: they hold no path of a result, and what fails leaves no file."""

import re
import subprocess
import sys

import pytest
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics_paper.job import call, function, job
from kinesics_paper.studies.proposal_studies import StudyData

SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds_no_path_of_a_result_and_decodes_no_positions(script):
    text = script.read_text()
    assert "results/" not in text
    assert "::" not in text  # slices with a step: the positions of files mean nothing
    assert "hasattr" not in text


def test_every_script_is_run_by_a_rule():
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    assert {path.name for path in SCRIPTS} == set(re.findall(r'"\.\./scripts/(\w+\.py)"', rules))


def test_a_function_gets_what_it_has_parameters_for():
    def draw(scores, out, shown=("a",)):
        return scores, out, shown

    assert call(draw, {"scores": "s.json", "code": ["x.py"]}, {"out": "o.pdf"}) == ("s.json", "o.pdf", ("a",))
    assert call(draw, {"scores": "s.json", "out": "a"}, {"out": "b", "shown": ()}) == ("s.json", "b", ())
    with pytest.raises(TypeError, match="scores"):
        call(draw, {"score": "s.json"}, {"out": "o.pdf"})
    assert function("latex.escape", "article")("a_b") == r"a\_b"


def test_a_dataclass_is_made_of_the_values_of_its_fields():
    def study(data: StudyData, *, settings):
        return data, settings

    files = {"test": ["v.parquet"], "features": [], "truth": "t.csv", "models": ["m"], "code": ["x.py"]}
    data, settings = call(study, files | {"data": ["dependency"]}, {"settings": {"seed": 0}})
    assert (data.test, data.truth, data.train, settings) == (["v.parquet"], "t.csv", (), {"seed": 0})
    with pytest.raises(TypeError, match="models"):
        call(study, {name: value for name, value in files.items() if name != "models"}, {"settings": {}})


#: Binds the input, arguments and output of every planned job to the function that its rule names.
BIND = """
import inspect
import pickle
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings
from kinesics_paper.job import arguments_of, function, named_files

with SnakemakeApi(OutputSettings(dryrun=True)) as api:
    config = ConfigSettings(configfiles=[Path("config/full.yaml")])
    planned = api.workflow(ResourceSettings(cores=1), config_settings=config, snakefile=Path("Snakefile"))
    planned.dag(DAGSettings(forceall=True))
    workflow = planned._workflow
    workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True, nolock=True)
    workflow._build_dag()
    for job in workflow.dag.jobs:
        pickle.dumps(job.params)  # as a script gets them: a rule's output among them could not be passed on
        for key, package in (("study", "studies"), ("draw", "article.figures"), ("write", "article.tables")):
            if name := job.params.get(key):
                writes = "write_study.py" in job.rule.script
                outputs = named_files(job.output) if key != "study" else {"out": job.output[0]} if writes else {}
                called = function(name, package)
                given = named_files(job.input), job.params.get("arguments", {}), outputs
                inspect.signature(called).bind(**arguments_of(called, *given))
                print("bound", job.rule.name, name)
"""


@pytest.mark.slow
def test_the_function_of_every_rule_gets_all_its_arguments(clean_clone):
    done = subprocess.run([sys.executable, "-c", BIND], cwd=clean_clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    bound = dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("bound "))
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    wanted = set(re.findall(r'(?:study|draw|write)="([\w.]+)"', rules))
    assert wanted <= set(bound.values())


def test_an_error_is_one_line_in_the_log_and_on_stderr(tmp_path):
    with pytest.raises(SystemExit, match=r"kinesics: a\.csv: no such file"), job(str(tmp_path / "log")):
        raise KinesicsError("a.csv: no such file")
    assert (tmp_path / "log").read_text() == "a.csv: no such file\n"


@pytest.mark.slow
def test_a_study_of_damaged_data_leaves_no_file(clean_clone):
    """A rule that fails through snakemake: its one line is in the log, and its output is not there."""
    (clean_clone / "data/crema-d").mkdir(parents=True)
    (clean_clone / "data/crema-d/tabulatedVotes.csv").write_text("damaged\n")
    command = ["snakemake", "--nolock", "--cores", "1", "--configfile", "config/public.yaml", "--allowed-rules"]
    command += ["rescore_published", "--", "results/scores/crema_d.json"]
    done = subprocess.run(command, cwd=clean_clone, capture_output=True, text=True)
    assert done.returncode != 0
    assert not (clean_clone / "results/scores/crema_d.json").exists()
    assert "tabulatedVotes.csv: changed or damaged" in (clean_clone / "results/logs/score/crema_d.log").read_text()
