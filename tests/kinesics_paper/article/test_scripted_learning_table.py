"""The table and the numbers of scripts say what was learned from, and what it is compared with."""

import json
from dataclasses import asdict

from kinesics.io.files import write_json
from kinesics_paper.article.numbers.scripted_learning import scripted_numbers
from kinesics_paper.article.tables.scripted_learning import scripted_learning
from kinesics_paper.studies.scripted_learning import RECIPES

SCORE = {"value": 0.5, "low": 0.4, "high": 0.6}
DIFFERENCE = {"value": -0.1, "low": -0.2, "high": 0.0, "won": 1, "tied": 2, "lost": 3, "p": 0.5}


def study(path):
    """Write a result of the study and return its path."""
    recipes = {
        name: {"recipe": asdict(recipe), "f1_50": SCORE, "events": 103.4}
        | ({} if name == "annotations" else {"difference": DIFFERENCE})
        for name, recipe in RECIPES.items()
    }
    write_json(path, {"recipes": recipes, "folds": 5, "draws": 1, "events": [20, 10]})
    return path


def test_rows_name_people_scripts_and_streams(tmp_path):
    scripted_learning(study(tmp_path / "study.json"), tmp_path / "table.tex")
    lines = (tmp_path / "table.tex").read_text().splitlines()
    rows = [line for line in lines if "&" in line][1:]
    names = list(RECIPES)
    shown = dict(zip(names, rows, strict=True))
    assert shown["annotations"] == r"1 & all others & -- & -- & 0.50 [0.40, 0.60] &  &  &  \\"
    rest = r"0.50 [0.40, 0.60] & 2 & \ensuremath{-}0.10 [\ensuremath{-}0.20, 0.00] & 1/2/3 \\"
    placebo = names.index("scripts, placebo") + 1
    assert shown["scripts, placebo"] == rf"{placebo} & nobody & 100 & modelled, labels shuffled & {rest}"
    assert " & 0 & real, copied without scripts & " in shown["both, real, no scripts"]
    assert " & 4 groups & -- & -- & " in shown["few people"]
    assert sum(r"\midrule" in line for line in lines) == 4  # below the head, and between who is annotated


def test_numbers_have_every_recipe(tmp_path):
    numbers = scripted_numbers(study(tmp_path / "study.json"))
    assert numbers["scripted.both.real.placebo.f1_50"] == 0.5
    assert numbers["scripted.both.difference.low"] == -0.2
    assert "scripted.annotations.difference" not in numbers
    assert numbers["scripted.some"] == 100
    assert json.dumps(numbers)
