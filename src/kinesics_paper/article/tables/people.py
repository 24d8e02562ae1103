"""The tables of the annotated clips: what they are, how far the annotation passes agree, how well people are tracked."""

import json
from pathlib import Path
from typing import Any

from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, identifier, table
from kinesics_paper.article.latex_numbers import interval, text
from kinesics_paper.article.tables.results import HEADS

AGREEMENT = ["f1_30", "f1_50", "kappa", "spatial_iou"]


def people(annotations: str | Path, out: str | Path) -> None:
    """Write a row per source: clips, people, seconds, clips with sound, events of each pass and their F1, licence."""
    result = _read(annotations)
    rows = []
    for entry in result["sources"]:
        name = rf"{identifier(entry['source'])} \cite{{{entry['citation']}}}"
        rows.append([name, *_contents(entry), escape(entry["licence"])])
    rules = (sum(entry["tier"] == "embedded" for entry in result["sources"]), len(rows))
    rows.append(["all", *_contents(result["total"]), ""])
    head = ["Source", "Clips", "People", "s", "Sound", "A", "B", HEADS["f1_50"], "Licence as stated"]
    ragged = r">{\raggedright\arraybackslash}p{%s\linewidth}"
    columns = f"@{{}}{ragged % 0.27}rrrrrrr{ragged % 0.27}@{{}}"
    write_text(out, table(columns, head, rows, rules))


def _contents(entry: dict[str, Any]) -> list[str]:
    counts = [text(entry[name]) for name in ("clips", "people")]
    shown = [*counts, text(entry["seconds"], 1), text(entry["sound"]), *map(text, entry["events"])]
    return [*shown, text(entry["f1_50"]["value"])]


def agreement(annotations: str | Path, out: str | Path) -> None:
    """Write a row per label: people, events of each pass, and the agreement of the passes, with intervals."""
    result = _read(annotations)
    agreed = result["agreement"]
    rows = []
    for label in agreed["labels"]:
        entry = agreed["per_label"][label]
        counts = [text(result["people"][label]), *map(text, result["events_of_label"][label])]
        rows.append([escape(label.replace("_", " ")), *counts, *(interval(entry[metric]) for metric in AGREEMENT)])
    counts = [text(result["total"]["people"]), *map(text, result["total"]["events"])]
    rows.append(["all labels", *counts, *(interval(agreed["metrics"][metric]) for metric in AGREEMENT)])
    head = ["Label", "People", "A", "B", *(HEADS[metric] for metric in AGREEMENT)]
    write_text(out, table("@{}lrrr" + "l" * len(AGREEMENT) + "@{}", head, rows, (len(rows) - 1,)))


#: What is tracked, in the order of the table: how it is called, and the HOTA that its boxes allow.
TRACKED = {
    "clips": ("annotated clips, faces", "hota_05"),
    "face": ("synthetic videos, faces", "hota"),
    "person": ("synthetic videos, people", "hota"),
}


def tracking(tracking: str | Path, out: str | Path) -> None:
    """Write the accuracy of the tracks, for all videos of a kind, and for those of several people among them."""
    result = _read(tracking)
    rows, rules = [], []
    for part, (name, hota) in TRACKED.items():
        if not (entries := result[part])["all"]:
            continue
        rules.append(len(rows))
        several = {video: entry for video, entry in entries["videos"].items() if entry["people"] > 2}
        for shown, entry in {name: entries["all"], **several}.items():
            first = escape(name) if shown == name else rf"\quad {identifier(shown)}"
            counts = [text(entry[key]) for key in ("people", "tracks", "boxes")]
            scores = [text(entry[key], 2) for key in (hota, "idf1", "mota")]
            rows.append([first, *counts, *scores, text(entry["switches"])])
    head = ["Videos", "People", "Tracks", "Boxes", "HOTA", "IDF1", "MOTA", "Switches"]
    write_text(out, table("@{}lrrrrrrr@{}", head, rows, tuple(rules[1:])))


def _read(path: str | Path) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))
