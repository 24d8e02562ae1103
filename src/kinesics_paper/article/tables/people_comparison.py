"""The tables of the comparison on people left out: detectors, contrasts, labels."""

import json
from pathlib import Path
from typing import Any

from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, table
from kinesics_paper.article.latex_numbers import interval, text

#: What is learned from people, in the order of the table: heads of its parts, and the detectors.
PARTS = [
    ("nobody", ["budgeted", "chance"]),
    ("thresholds", ["rules", "matched"]),
    ("frames", ["frames", "logistic", "boosting", "linear", "hmm"]),
    ("segments", ["windows", "mstcn", "actionformer", "ranked"]),
]
NAMES = {
    "agreement": "pass A against B",
    "matched": "matched filter",
    "frames": "logistic, own",
    "logistic": "logistic, all",
    "boosting": "boosting, own",
}


def shown(result: dict[str, Any]) -> list[str]:
    """Return the detectors of a comparison in the order of the table."""
    return [name for _, names in PARTS for name in names if name in result["detectors"]]


def name_of(detector: str) -> str:
    """Return what the article calls a row of the comparison."""
    return escape(NAMES[detector]) if detector in NAMES else rf"\texttt{{{escape(detector)}}}"


def detectors(comparison: str | Path, out: str | Path) -> None:
    """Write a row per detector: F1 over people with interval, micro F1, precision, recall, mAP, AR, boundaries, ICC."""
    result = _read(comparison)
    rows, rules = [], []
    for _, names in [("", ["agreement"]), *PARTS]:
        rules.append(len(rows))
        rows += [_detector(name, result["detectors"][name]) for name in names if name in result["detectors"]]
    head = [
        *("Detector", "F1@0.5, people", "F1@0.3", "F1@0.5", "P", "R", "mAP", "AR"),
        *("onset", "offset", "rate", "share"),
    ]
    write_text(out, table("@{}ll" + "r" * (len(head) - 2) + "@{}", head, rows, tuple(rules[1:])))


def _detector(name: str, entry: dict[str, Any]) -> list[str]:
    metrics, late, icc = entry["metrics"], entry["boundaries"], entry["reliability"]
    of_people = [interval(metrics["f1_50"]), text(metrics["f1_30"]["value"])]
    pooled = [text(metrics[key]["value"]) for key in ("micro_f1_50", "precision_50", "recall_50", "map", "ar")]
    edges = [text(late[key], 0) for key in ("onset_error", "offset_error")]
    return [name_of(name), *of_people, *pooled, *edges, text(icc["rate"]), text(icc["share"])]


def contrasts(comparison: str | Path, out: str | Path) -> None:
    """Write a row per contrast: difference with interval, p after Holm, deviation, detectable difference, wins."""
    rows = []
    for name, entry in _read(comparison)["contrasts"].items():
        first, second = name.split(" - ")
        wins = "/".join(str(entry[key]) for key in ("won", "tied", "lost"))
        p = text(entry["p_holm"], 4)
        numbers = [interval(entry), p, text(entry["sd"]), text(entry["detectable"]), wins]
        rows.append([f"{name_of(first)} $-$ {name_of(second)}", *numbers])
    head = ["Contrast", "Difference", "$p$", "SD", "80\\,\\%", "w/t/l"]
    write_text(out, table("@{}llrrrr@{}", head, rows))


def labels(comparison: str | Path, oracles: str | Path, out: str | Path) -> None:
    """Write a row per label, by falling number of events: people, events, F1 of detectors, AP, and the signal's AUC."""
    result, bounds = _read(comparison)["detectors"], _read(oracles)["labels"]
    names = ["agreement", "ranked", "rules", "frames", "logistic", "actionformer"]
    names = [name for name in names if name in result]
    of_label = result["ranked"]["labels"]
    rows = []
    for label in sorted(of_label, key=lambda label: -sum(of_label[label]["n"])):
        entry = of_label[label]
        counts = [text(entry["people"]), *map(text, entry["n"])]
        scores = [text(result[name]["labels"][label]["f1_50"]) for name in names]
        own = [text(entry[key]) for key in ("precision_50", "recall_50", "ap")]
        own.append(text(bounds.get(label, {}).get("auc")))
        rows.append([escape(label.replace("_", " ")), *counts, *scores, *own])
    head = ["Label", "People", "A", "B", *map(name_of, names), "P", "R", "AP", "AUC"]
    write_text(out, table("@{}l" + "r" * (len(head) - 1) + "@{}", head, rows))


def parts(ablations: str | Path, out: str | Path) -> None:
    """Write a row per variant of ``ranked``: F1 over people with interval, difference to the whole, and wins."""
    rows = []
    variants = _read(ablations)["variants"]
    for name in sorted(variants, key=lambda name: (name != "whole", name)):
        entry = variants[name]
        row = [escape(name), interval(entry["f1_50"])]
        if difference := entry.get("difference"):
            wins = "/".join(str(difference[key]) for key in ("won", "tied", "lost"))
            rows.append([*row, interval(difference), wins])
        else:
            rows.append([*row, "", ""])
    write_text(out, table("@{}lllr@{}", ["Variant", "F1@0.5, people", "Difference", "w/t/l"], rows, (1,)))


def _read(path: str | Path) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
