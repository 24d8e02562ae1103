"""The table of the detectors that were trained and tested in the folds of open data sets."""

import json
from collections.abc import Sequence
from pathlib import Path

from kinesics.detectors.registry import DETECTORS
from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, identifier
from kinesics_paper.article.latex import table as tabular
from kinesics_paper.article.latex_numbers import interval, text
from kinesics_paper.article.tables.results import SYNTHETIC_HEADS

METRICS = ("map", "f1_50")


def table(scores: Sequence[str | Path], out: str | Path) -> None:
    """Write each detector's scores on each data set, and the paired difference of its mAP to the reference's."""
    rows, rules = [], []
    head = ["Detector", *(SYNTHETIC_HEADS[metric] for metric in METRICS), r"$\Delta$ mAP", "$p$"]
    for path in sorted(scores):
        result = read_scores(path)
        rules.append(len(rows))
        about = f"{result['videos']} streams, {len(result['labels'])} labels, {result['folds']} fold"
        about += f"{'s' if result['folds'] > 1 else ''}; {result['units']} units ({result['unit']})"
        rows.append([rf"\multicolumn{{{len(head)}}}{{@{{}}l@{{}}}}{{{identifier(Path(path).stem)}: {about}}}"])
        for name in (name for name in DETECTORS if name in result["detectors"]):
            reached = (interval(result["detectors"][name]["metrics"][metric]) for metric in METRICS)
            entry = result["tests"]["map"].get(name)
            tested = [interval(entry), text(entry["p_holm"], 3)] if entry else ["", ""]
            rows.append([escape(name), *reached, *tested])
    write_text(out, tabular("@{}lllll@{}", head, rows, tuple(rules[1:])))


def read_scores(path: str | Path) -> dict:
    """Return the scores of a data set."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
