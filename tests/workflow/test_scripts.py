"""The workflow's scripts: they hold no path of a result, and what fails leaves no file."""

import re
import subprocess

import pytest
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics_paper.job import call, function, job

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


def test_an_error_is_one_line_in_the_log_and_on_stderr(tmp_path):
    with pytest.raises(SystemExit, match=r"kinesics: a\.csv: no such file"), job(str(tmp_path / "log")):
        raise KinesicsError("a.csv: no such file")
    assert (tmp_path / "log").read_text() == "a.csv: no such file\n"


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
