"""Numbers of the comparison on people left out of training."""

import json
from pathlib import Path

from kinesics.metrics.paired import POWER
from kinesics_paper.article.latex import escape
from kinesics_paper.article.latex_numbers import spread, text
from kinesics_paper.studies.annotation_passes import RATE_HZ
from kinesics_paper.studies.default_detector import LEAST_PEOPLE
from kinesics_paper.studies.people_comparison import PROPOSALS

Numbers = dict[str, float | int | str | None]


def comparison_numbers(comparison: str | Path, ablations: str | Path, oracles: str | Path) -> Numbers:
    """Return {key: value}: ``left_out.<detector>.<metric>``, ``contrast.<a>.<b>.<value>``, and of ablations and oracles."""
    result = json.loads(Path(comparison).read_text(encoding="utf-8"))
    numbers: Numbers = {
        "left_out.people": len(result["people"]),
        "left_out.clips": result["clips"],
        "left_out.groups": result["groups"],
        "left_out.proposals": PROPOSALS,
        "left_out.power": text(100 * POWER, 0),
        "left_out.grid": text(1000 / RATE_HZ, 0),
    }
    for name, entry in result["detectors"].items():
        for metric, score in entry["metrics"].items():
            key = f"left_out.{name}.{metric}"
            numbers |= spread(key, score) if "low" in score else {key: score["value"]}
        for key, value in entry["boundaries"].items():
            numbers[f"left_out.{name}.{key}"] = text(value, 0)
        numbers |= {f"left_out.{name}.icc_{key}": value for key, value in entry["reliability"].items()}
        if entry.get("false_alarms") is not None:
            numbers[f"left_out.{name}.false_alarms"] = text(entry["false_alarms"], 0)
        for label, score in entry["labels"].items():
            numbers[f"left_out.{name}.{label}.f1_50"] = score["f1_50"]
    for name, entry in result["contrasts"].items():
        key = "contrast." + name.replace(" - ", ".")
        numbers |= spread(key, entry)
        numbers |= {f"{key}.{part}": entry[part] for part in ("sd", "detectable", "won", "tied", "lost")}
        numbers[f"{key}.p"] = text(entry["p_holm"], 4)
    return numbers | _of_parts(ablations) | _of_bounds(oracles)


def _of_parts(path: str | Path) -> Numbers:
    """Return ``part.<variant>.f1_50`` and ``part.<variant>.difference``, and ``curve.<detector>.<least or most>``."""
    result = json.loads(Path(path).read_text(encoding="utf-8"))
    numbers: Numbers = {}
    for name, entry in result["variants"].items():
        key = "part." + name.replace(": ", ".").replace("'", "").replace(" ", "_")
        numbers |= spread(f"{key}.f1_50", entry["f1_50"])
        if "difference" in entry:
            numbers |= spread(f"{key}.difference", entry["difference"])
    for place, point in (("least", result["curve"][0]), ("most", result["curve"][-1])):
        numbers |= {f"curve.{name}.{place}": value for name, value in point.items()}
    return numbers


def _of_bounds(path: str | Path) -> Numbers:
    """Return ``bound.<name>``, and ``bound.<label>.auc`` and ``.lost``."""
    result = json.loads(Path(path).read_text(encoding="utf-8"))
    numbers: Numbers = {f"bound.{name}": value for name, value in result.items() if name != "labels"}
    numbers["bound.lost"] = text(100 * result["lost"], 1)
    numbers["bound.recall"] = text(100 * result["recall"], 0)
    for label, entry in result["labels"].items():
        numbers |= {f"bound.{label}.{key}": entry[key] for key in ("auc", "auc_within")}
    return numbers


def packaged_numbers(packaged: str | Path) -> Numbers:
    """Return ``packaged.<name>``: what the study ``default_detector`` says of the checkpoint in the package."""
    result = json.loads(Path(packaged).read_text(encoding="utf-8"))
    return {
        "packaged.kilobytes": text(result["bytes"] / 1000, 0),
        "packaged.labels": result["labels"],
        "packaged.on": len(result["on"]),
        "packaged.off": ", ".join(map(escape, result["off"])),
        "packaged.least_people": LEAST_PEOPLE,
        "packaged.events": result["events"],
        "packaged.same": result["same_events"],
    }
