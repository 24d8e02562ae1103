"""The review in the workflow: what each tier plans, what its configuration may say, and what a rule depends on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics.io.validation import check, read_yaml
from kinesics_paper.article import latex_numbers
from kinesics_paper.article.tables import results
from kinesics_paper.compute_plan import read_config
from kinesics_paper.downloads import read_downloads

CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
PUBLIC = yaml.safe_load((ROOT / "config/public.yaml").read_text(encoding="utf-8"))
STUDIES = ["results/scores/gpt4v.json", "results/scores/shrec2022.json", "results/scores/crema_d.json"]


def plan(clone: Path, tier: str) -> str:
    """Return what Snakemake would do if nothing were there yet."""
    more = [] if tier == "embedded" else ["--configfile", f"config/{tier}.yaml"]
    command = [str(Path(sys.executable).with_name("snakemake")), "--dry-run", "--forceall", "--nolock", *more]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def plans(clean_clone) -> dict[str, str]:
    return {tier: plan(clean_clone, tier) for tier in ("embedded", "public")}


@pytest.mark.slow
def test_the_embedded_tier_plans_nothing_of_the_public_data(plans):
    public = [name for name, files in read_downloads().items() if files[0]["tier"] == "public"]
    assert {"gpt4v-emotion", "shrec2022", "crema-d"} <= set(public)
    for name in public:
        assert f"data/{name}/" not in plans["embedded"]
    for path in [
        *STUDIES,
        "scores/open/",
        "scores/outside_people.json",
        "figures/gpt4v_sets.pdf",
        "tables/gpt4v.tex",
        "notebooks/recompute_gpt4v.ipynb",
    ]:
        assert path not in plans["embedded"]


@pytest.mark.slow
def test_the_public_tier_plans_the_whole_review(plans):
    for path in [
        *STUDIES,
        "results/notebooks/recompute_gpt4v.ipynb",
        "results/scores/outside_people.json",
        *(f"results/scores/open/{name}.json" for name in CONFIG["open"]["datasets"]),
        *(f"data/{name}/" for name in PUBLIC["datasets"]),
    ]:
        assert path in plans["public"]


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["embedded", "public"])
def test_what_the_article_of_a_tier_reads_is_planned(tier, plans):
    parts = [
        "main.tex",
        "related.tex",
        *(["review.tex", "open_results.tex", "outside_results.tex"] if tier == "public" else []),
    ]
    text = "".join((ROOT / "paper" / name).read_text(encoding="utf-8") for name in parts)
    choice = re.compile(r"\\ifpublic\b(.*?)(?:\\else\b(.*?))?\\fi\b", re.DOTALL)
    text = choice.sub(lambda match: match[1] if tier == "public" else match[2] or "", text)
    wanted = set(re.findall(r"(?:input|includegraphics(?:\[[^]]*\])?)\{(generated/[^}]*)\}", text))
    assert len(wanted) > 8
    for name in wanted:
        assert re.search(rf"paper/{name}\.(tex|pdf)", plans[tier]), name


@pytest.mark.slow
def test_a_notebook_depends_on_the_code_that_it_imports(plans):
    jobs = re.findall(r"^rule notebook:\n(?:    .*\n)+", plans["public"], re.MULTILINE)
    inputs = {re.search(r"output: .*/(\w+)\.ipynb", job)[1]: re.search(r"input: (.*)", job)[1] for job in jobs}
    assert set(inputs) == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert "src/kinesics_paper/studies/gpt4v.py" in inputs["recompute_gpt4v"]
    assert "src/kinesics/structures/tracks.py" in inputs["browse_clip"]
    assert "src/kinesics/structures/tracks.py" not in inputs["explore_published_figures"]


def test_the_configurations_fit_their_schema():
    for tier in ("embedded", "public", "full"):
        assert read_config(tier)["tier"] == tier
    assert set(PUBLIC["datasets"]) <= set(read_downloads())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"datasets": ["crema-d"]}, "datasets"),
        ({"tier": "public"}, "datasets"),
        (PUBLIC | {"datasets": PUBLIC["datasets"][:1]}, "datasets"),
        ({"open": CONFIG["open"] | {"options": {"steps": -3}}}, r"open\.options\.steps"),
        ({"open": CONFIG["open"] | {"datasets": CONFIG["open"]["datasets"] | {"nosuch": {}}}}, r"open\.datasets"),
    ],
)
def test_a_configuration_whose_article_could_not_be_written_is_refused(change, key):
    with pytest.raises(KinesicsError, match=f"config.yaml: {key}"):
        check(CONFIG | change, read_yaml(ROOT / "workflow/schemas/config.yaml"), "config.yaml")


def test_the_table_of_data_lists_public_data_where_there_are_any(tmp_path):
    results.data([], [], [], tmp_path / "embedded.tex")
    results.data([], [], PUBLIC["datasets"], tmp_path / "public.tex")
    embedded, public = ((tmp_path / f"{tier}.tex").read_text() for tier in ("embedded", "public"))
    assert "crema" not in embedded
    assert public.count(r" \\") == embedded.count(r" \\") + len(PUBLIC["datasets"])
    assert r"\texttt{crema-\allowbreak{}d} \cite{cao2014cremad}" in public


def test_the_table_of_open_data_prints_a_dash_for_what_is_not_known(tmp_path, monkeypatch):
    row = {"dataset": "a-b", "streams": None, "hours": None, "events": 1200, "labels": 6, "persons": None}
    timed = row | {"dataset": "c", "streams": 2, "hours": 0.125, "persons": 1}
    monkeypatch.setattr(results, "summarise", lambda folder, datasets: [row, timed])
    assert results.open_data(tmp_path, ["a-b", "c"], tmp_path / "t.tex") == [row, timed]
    lines = (tmp_path / "t.tex").read_text().splitlines()
    assert lines[4:7] == [
        r"\texttt{c} & 2 & 0.12 & 1\,200 & 6 & 1 \\",
        r"\midrule",
        r"\texttt{a-\allowbreak{}b} & -- & -- & 1\,200 & 6 & -- \\",
    ]


def test_text_of_the_review_is_printed_as_it_stands(tmp_path):
    latex_numbers.write({"a": "92.10", "b": r"\ensuremath{-}0.30"}, tmp_path / "n.tex", tmp_path / "n.json")
    assert r"\kxnumber{a}{92.10}" in (tmp_path / "n.tex").read_text()
    assert r"\kxnumber{b}{\ensuremath{-}0.30}" in (tmp_path / "n.tex").read_text()
