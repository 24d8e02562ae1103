"""The table of what scripted events add for people left out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, table
from kinesics_paper.article.latex_numbers import interval, text
from kinesics_paper.studies.scripted_learning import RECIPES

#: What the article says of a changed recipe: the field, its value, and the words.
CHANGES = [
    ("shuffled", True, "labels shuffled"),
    ("channel", False, "no channel"),
    ("copied", True, "copied without scripts"),
]


def scripted_learning(study: str | Path, out: str | Path) -> None:
    """Write a row per recipe: what is learned from, F1 over people with interval, difference to another row, and wins."""
    result = json.loads(Path(study).read_text(encoding="utf-8"))["recipes"]
    recipes = {name: result[name] for name in RECIPES}
    number = {name: text(k) for k, name in enumerate(recipes, 1)}
    rows, rules, before = [], [], None
    for name, entry in recipes.items():
        part = _annotated(entry["recipe"])
        if before not in (None, part):
            rules.append(len(rows))
        before = part
        row = [number[name], part, *_scripts(entry["recipe"]), interval(entry["f1_50"])]
        difference = entry.get("difference")
        if difference:
            wins = "/".join(str(difference[key]) for key in ("won", "tied", "lost"))
            rows.append([*row, number[entry["recipe"]["against"]], interval(difference), wins])
        else:
            rows.append([*row, "", "", ""])
    head = ["", "Annotated", "Scripts", "Streams", "F1@0.5, people", "to", "Difference", "w/t/l"]
    write_text(out, table("@{}rlrllrlr@{}", head, rows, tuple(rules)))


def _annotated(recipe: Mapping[str, Any]) -> str:
    """Return the people whose annotations are learned from."""
    if not recipe["annotations"]:
        return "nobody"
    return f"{text(recipe['groups'])} groups" if recipe["groups"] else "all others"


def _scripts(recipe: Mapping[str, Any]) -> list[str]:
    """Return the number of scripted events, and in what streams they are."""
    if not recipe["scripts"]:
        return ["--", "--"]
    changes = [words for field, value, words in CHANGES if recipe[field] == value]
    count = "0" if recipe["copied"] else text(recipe["scripts"])
    return [count, escape(", ".join([recipe["host"], *changes]))]
