"""The study of the open data in the article: its table and its numbers."""

import json
from collections.abc import Sequence
from pathlib import Path

from kinesics.detectors.registry import DETECTORS
from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, identifier
from kinesics_paper.article.latex import table as tabular
from kinesics_paper.article.latex_numbers import interval, reverse_sign, spread, text
from kinesics_paper.article.tables.results import STAGE_HEADS

METRICS = ("map", "f1_50")


def table(scores: Sequence[str | Path], out: str | Path) -> None:
    """Write each detector's scores on each data set, and the paired difference of its mAP to the reference's."""
    rows, rules = [], []
    head = ["Detector", *(STAGE_HEADS[metric] for metric in METRICS), r"$\Delta$ mAP", "$p$"]
    for path in sorted(scores):
        result = _read(path)
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


def numbers(scores: Sequence[str | Path]) -> dict[str, float | int | str | None]:
    """Return {key: value} for the article, nothing without scores.

    ``open.<data set>.<detector>.<metric>`` with its interval; ``open.<data set>.best``, the baseline of the highest mAP, and
    ``.gain``, what the proposal has more; ``open.above`` and ``open.below``, how often that interval leaves zero out.
    """
    out: dict[str, float | int | str | None] = {}
    signs = []
    for path in sorted(scores):
        result, key = _read(path), f"open.{Path(path).stem}"
        reference = result["reference"]
        for name, scored in result["detectors"].items():
            for metric in METRICS:
                out |= spread(f"{key}.{name}.{metric}", scored["metrics"][metric])
        others = {name: scored["metrics"]["map"] for name, scored in result["detectors"].items() if name != reference}
        best = max(others, key=lambda name: others[name]["value"])
        entry = result["tests"]["map"][best]
        gain = reverse_sign(entry)
        if gain["low"] is not None:
            signs.append((gain["low"] > 0) - (gain["high"] < 0))
        out |= {f"{key}.best": escape(best), **spread(f"{key}.gain", gain)}
        out[f"{key}.gain.p"] = text(entry["p_holm"], 3)
        out |= {f"{key}.{name}": result[name] for name in ("videos", "folds", "units")}
        out |= {f"{key}.labels": len(result["labels"]), f"{key}.rate": f"{result['rate_hz']:g}"}
        out[f"{key}.left_out"] = ", ".join(escape(label) for label in result["left_out"]) or "none"
        out |= {f"open.{name}": f"{value:g}" for name, value in result["options"].items()}
        out |= {"open.seeds": result["seeds"], "open.validation": f"{100 * result['validation']:g}"}
    if out:
        out |= {"open.sets": len(scores), "open.above": signs.count(1), "open.below": signs.count(-1)}
    return out


def _read(path: str | Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))
