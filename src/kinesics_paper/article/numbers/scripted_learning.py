"""Numbers of what scripted events add for people left out."""

import json
from pathlib import Path

from kinesics_paper.article.latex_numbers import spread, text
from kinesics_paper.studies.scripted_learning import EVENT_S, FEW, FEW_GROUPS, MANY, SOME, STREAM_S

Numbers = dict[str, float | int | str | None]


def scripted_numbers(study: str | Path) -> Numbers:
    """Return ``scripted.<recipe>.f1_50`` and ``.difference``, with the recipe's commas as dots, and what the recipes share."""
    result = json.loads(Path(study).read_text(encoding="utf-8"))
    numbers: Numbers = {
        "scripted.few": FEW,
        "scripted.some": SOME,
        "scripted.many": MANY,
        "scripted.groups": FEW_GROUPS,
        "scripted.event_s": text(EVENT_S, 0),
        "scripted.stream_s": text(STREAM_S, 0),
        "scripted.folds": result["folds"],
        "scripted.draws": result["draws"],
    }
    for name, entry in result["recipes"].items():
        key = "scripted." + name.replace(", ", ".").replace(" ", "_")
        numbers |= spread(f"{key}.f1_50", entry["f1_50"])
        if "difference" in entry:
            numbers |= spread(f"{key}.difference", entry["difference"])
            numbers |= {f"{key}.{part}": entry["difference"][part] for part in ("won", "tied", "lost")}
    return numbers
