"""The table of what scripted events add for people left out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, table
from kinesics_paper.article.latex_numbers import interval, text


def scripted_learning(study: str | Path, out: str | Path) -> None:
    """Write a row per recipe: what is learned from, and F1 over people and over all events, mean and range of seeds."""
    recipes = json.loads(Path(study).read_text())["recipes"]
    rows = [
        [*_contents(entry["recipe"]), *(_range(entry, key) for key in ("people", "micro"))]
        for entry in recipes.values()
    ]
    head = ["Codings of", "Scripts", "Host", "F1, people", "F1, all events"]
    write_text(out, table("@{}lrlll@{}", head, rows))


def _contents(recipe: Mapping[str, Any]) -> list[str]:
    """Return whose codings are learned from, the number of scripted events, and what they are laid into."""
    hosts = recipe.get("hosts")
    coded = "nobody" if not recipe.get("codes", True) else f"{text(hosts)} groups" if hosts else "all others"
    changes = [
        word
        for word, changed in (
            ("labels shuffled", recipe.get("shuffled")),
            ("no channel", not recipe.get("channel", True)),
            ("without events", recipe.get("silent")),
        )
        if changed
    ]
    host = escape(", ".join([recipe.get("host", ""), *changes]))
    return [coded, text(recipe["scripts"]) if recipe.get("scripts") else "--", host or "--"]


def _range(entry: Mapping[str, Any], key: str) -> str:
    spread = entry[key]
    one = len(entry["seeds"]) == 1
    return interval(
        {"value": spread["mean"], **({"low": None} if one else {"low": spread["low"], "high": spread["high"]})}
    )
