"""The table of the outside test: by annotation, and by person."""

import json
from pathlib import Path

from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, identifier
from kinesics_paper.article.latex import table as tabular
from kinesics_paper.article.latex_numbers import text


def table(scores: str | Path, out: str | Path) -> None:
    """Write a row per annotation with the scores of ``ranked``, ``rules`` and chance, then a row per person with F1 only."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    ranked, rules, chance = (result["detectors"][name] for name in ("ranked", "rules", "chance"))
    rows = []
    for part, entry in sorted(ranked["parts"].items(), key=lambda item: (item[1]["label"], item[0])):
        label = escape(entry["label"].replace("_", " "))
        name = label if part == entry["label"] else f"{label}: {escape(part.replace('_', ' '))}"
        row = [name, text(entry["people"]), text(entry["n"])]
        for scored in (entry, rules["parts"][part]):
            row += [
                text(scored["detected"], 0),
                *(text(scored[key]) for key in ("precision", "recall", "f1_50", "auc")),
            ]
        rows.append([*row, text(chance["parts"][part]["f1_50"])])
    people = [
        (identifier(name), *(entry["people"][name] for entry in (ranked, rules, chance))) for name in result["people"]
    ]
    people.append(("mean over people", *(entry["f1_50"] for entry in (ranked, rules, chance))))
    for name, *f1 in people:
        first, second, third = map(text, f1)
        rows.append([name, "", "", "", "", "", first, "", "", "", "", second, "", third])
    of_detector = ["found", "P", "R", "F1", "AUC"]
    head = ["", "People", "Events", *of_detector, *of_detector, "F1"]
    groups = r" & & & \multicolumn{5}{c}{\texttt{ranked}} & \multicolumn{5}{c}{\texttt{rules}} & chance \\"
    breaks = (len(ranked["parts"]), len(rows) - 1)
    lines = tabular("@{}l" + "r" * (len(head) - 1) + "@{}", head, rows, breaks)
    write_text(out, lines.replace("\\toprule\n", f"\\toprule\n{groups}\n", 1))
