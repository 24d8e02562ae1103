"""Numbers of the outside test: what was learned from the annotated people, on data of others."""

import json
from collections.abc import Sequence
from pathlib import Path

from kinesics_paper.article.latex_numbers import text

Numbers = dict[str, float | int | str | None]


def outside_numbers(scores: Sequence[str | Path]) -> Numbers:
    """Return {key: value}, nothing without the file of scores.

    ``outside.<detector>.f1_50``, and of each part ``outside.<detector>.<part>.<metric>``; ``outside.difference`` with the
    people ``.won``, ``.tied`` and ``.lost``; ``outside.brows``; ``outside.faces.<less, usual or more>``, face heights
    between head and spine, and ``.<detector>``, the F1 of gestures with them.
    """
    numbers: Numbers = {}
    for path in scores:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
        numbers |= {f"outside.{key}": result[key] for key in ("streams", "learned_from")}
        numbers |= {"outside.people": len(result["people"]), "outside.brows": result["brows"].get("auc")}
        for name, entry in result["detectors"].items():
            numbers[f"outside.{name}.f1_50"] = entry["f1_50"]
            for part, score in entry["parts"].items():
                key = f"outside.{name}.{part}"
                numbers |= {f"{key}.{metric}": score[metric] for metric in ("precision", "recall", "f1_50", "auc")}
                numbers |= {f"{key}.n": score["n"], f"{key}.detected": text(score["detected"], 0)}
                numbers |= {f"{key}.{length}": text(score[length], 1) for length in ("length_s", "found_length_s")}
        for label, length in result["learned_length_s"].items():
            numbers[f"outside.learned_length_s.{label}"] = text(length, 1)
        difference = result["difference"]
        numbers["outside.difference"] = difference["value"]
        numbers |= {f"outside.difference.{key}": difference[key] for key in ("won", "tied", "lost")}
        ordered = sorted(result["faces"].items(), key=lambda item: float(item[0]))
        for place, (faces, entry) in zip(("less", "usual", "more"), ordered, strict=True):
            numbers[f"outside.faces.{place}"] = faces
            numbers |= {f"outside.faces.{place}.{name}": value for name, value in entry.items()}
    return numbers
