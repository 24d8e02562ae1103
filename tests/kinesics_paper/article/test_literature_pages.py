"""What the review puts on the page: figures repeat, tables are whole, and the numbers of the text exist."""

import re
from itertools import chain
from pathlib import Path

import pytest
from support import ROOT
from support.miniature import write_crema_d, write_gpt4v, write_shrec2022

from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics_paper.article.figures.literature import FIGURES
from kinesics_paper.article.figures.published_scaling import probes
from kinesics_paper.article.numbers.literature import review_numbers, slug
from kinesics_paper.article.tables import literature as tables
from kinesics_paper.literature.tables import UNVERIFIED, read_literature
from kinesics_paper.studies.crema_d import score_crema_d
from kinesics_paper.studies.gpt4v import score_gpt4v
from kinesics_paper.studies.shrec2022 import score_shrec2022

LITERATURE = read_literature(ROOT / "literature")
RESULTS = LITERATURE["published_results"]
TEXTS = ["related.tex", "review.tex"]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The records of the three studies on the miniatures: gpt4v, shrec2022, crema_d."""
    folder = tmp_path_factory.mktemp("records")
    studies = [(write_gpt4v, score_gpt4v), (write_shrec2022, score_shrec2022), (write_crema_d, score_crema_d)]
    return [
        score(write(folder / name), RESULTS, resamples=20)
        for name, (write, score) in zip(["gpt4v", "shrec2022", "crema_d"], studies, strict=True)
    ]


def draw(name: str, records: list[list[dict]], path: Path) -> None:
    """Draw a figure; ``_embedded`` after its name is what it is without records."""
    bare = name.endswith("_embedded")
    FIGURES[name.removesuffix("_embedded")](RESULTS, [] if bare else list(chain(*records)), path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["gpt4v_sets", "gpt4v_answers", "scale_and_timing", "mer_unibench", "counter_evidence", "counter_evidence_embedded",
     "people"],
)  # fmt: skip
def test_a_figure_is_the_same_bytes_twice(name, records, tmp_path):
    paths = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for path in paths:
        draw(name, records, path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert first.startswith(b"%PDF")
    assert b"CreationDate" not in first


def test_a_figure_can_be_png(records, tmp_path):
    draw("people", records, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_tables(records, tmp_path):
    gpt4v, shrec2022, _ = records
    tables.systems(LITERATURE, [], tmp_path / "systems.tex")
    tables.gpt4v(LITERATURE, gpt4v, tmp_path / "gpt4v.tex")
    tables.gpt4v_choices(LITERATURE, gpt4v, tmp_path / "choices.tex")
    tables.shrec2022(LITERATURE, shrec2022, tmp_path / "shrec2022.tex")
    tables.unverified_references(LITERATURE, [], tmp_path / "references.tex")
    text = {path.stem: path.read_text() for path in tmp_path.glob("*.tex")}
    assert text["gpt4v"].count(r" \\") == 26
    assert text["shrec2022"].count(r" \\") == 9
    assert UNVERIFIED in text["shrec2022"]  # what later work quotes is marked
    for name in text:
        rows = [line.count(" & ") for line in text[name].splitlines() if line.endswith(r"\\")]
        assert len(set(rows)) == 1, name


def test_a_system_that_is_not_verified_is_marked(tmp_path):
    tables.systems(LITERATURE, [], tmp_path / "systems.tex")
    text = (tmp_path / "systems.tex").read_text()
    for row in LITERATURE["systems"].to_dict("records"):
        assert (f"{row['system']}{UNVERIFIED}~" in text) == (row["verified"] != "yes")


def test_the_full_tier_has_the_systems_that_an_encoder_serves(tmp_path):
    tables.systems(LITERATURE, [], tmp_path / "systems.tex")
    lines = [line for line in (tmp_path / "systems.tex").read_text().splitlines() if " & " in line]
    runs_here = {line.partition("$")[0].partition("~")[0]: line.removesuffix(r" \\").split(" & ")[-1] for line in lines}
    assert {runs_here[name] for name in ("VideoLLaMA3-7B", "DINOv3 ViT S-7B", "V-JEPA 2 L-g")} == {"full tier"}
    assert {runs_here[name] for name in ("VideoMAE V2-g", "MAE-DFER", "S2D", "OpenTAD", "InternVideo2 s1-6B")} == {"no"}
    assert runs_here["ActionFormer"] == "retrained"
    assert runs_here["Qwen2.5-VL"] == "endpoint"
    papers = {row["citation"] for row in ENCODERS.values()}
    served = {row["system"] for row in LITERATURE["systems"].to_dict("records") if row["paper_key"] in papers}
    assert {name for name, runs in runs_here.items() if runs == "full tier"} <= served


@pytest.mark.parametrize("name", ["gpt4v_sets", "scale_and_timing", "mer_unibench", "counter_evidence"])
def test_a_figure_refuses_numbers_that_are_not_verified(name, records, tmp_path):
    with pytest.raises(KinesicsError, match="is not verified: print it with a mark"):
        FIGURES[name](RESULTS.assign(verified="no"), list(chain(*records)), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_text_and_tables_refuse_numbers_that_are_not_verified(records, tmp_path):
    spoiled = LITERATURE | {"published_results": RESULTS.assign(verified="no")}
    for use in (lambda: review_numbers(spoiled), lambda: tables.gpt4v(spoiled, records[0], tmp_path / "a.tex")):
        with pytest.raises(KinesicsError, match="is not verified: print it with a mark"):
            use()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_every_number_of_the_text_exists(name, records):
    text = (ROOT / "paper" / name).read_text()
    numbers = review_numbers(LITERATURE, *(records if name == "review.tex" else []))
    wanted = set(re.findall(r"\\N\{([^}]*)\}", text))
    wanted |= {key + end for key in re.findall(r"\\CI\{([^}]*)\}", text) for end in ("", ".low", ".high")}
    wanted.discard("tier")  # the configuration's
    assert wanted
    assert wanted <= set(numbers), sorted(wanted - set(numbers))


def test_a_missing_row_is_named():
    spoiled = dict(LITERATURE)
    spoiled["published_results"] = RESULTS[RESULTS["dataset"] != "FineAction"]
    with pytest.raises(KinesicsError, match=r"no row with .*'FineAction'"):
        review_numbers(spoiled)


def test_probes_of_two_papers_are_kept_apart():
    one, other = (probes(RESULTS, paper) for paper in ("assran2025vjepa2", "simeoni2025dinov3"))
    assert not set(one["system"]) & set(other["system"])
    assert one["Jester"].notna().all()
    assert "Jester" not in other


def test_slug():
    assert slug("CASME II") == "casmeii"
    assert slug("CK+") == "ckplus"
