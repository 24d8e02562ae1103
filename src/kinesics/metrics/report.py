"""Format scores as Markdown tables."""

from typing import Any

from kinesics.io.files import pluralise
from kinesics.metrics.scoring import SHORT


def format_report(result: dict[str, Any], everything: bool = False) -> str:
    """Return the result of ``score`` as Markdown tables that also read well in a terminal: metrics, then labels.

    Metrics are those of ``SHORT`` that are defined, or ``everything``. What ``score_files`` adds follows: differences to the
    other detector, and the diagnosis; its notes come first.
    """
    block = result["settings"]["block_s"]
    head = [
        f"{pluralise(result['videos'], 'video')} in {pluralise(result['units'], 'unit')} "
        f"({'whole videos' if block is None else f'stretches of {block:g} s'}, which the bootstrap draws); "
        f"true events {', '.join(map(str, result['n_truth']))}; predicted {result['n_predicted']}",
        "_30: at a tIoU of 0.3 or more; n: what a metric counts; no interval: all events lie in one unit",
        *(["levenshtein, mean_jaccard: of whole videos only (--by-video)"] if everything and block is not None else []),
        *(f"note: {note}" for note in result.get("notes", [])),
    ]
    shown = [key for key in result["metrics"] if everything or key in SHORT]
    if not everything:
        shown = [key for key in shown if result["metrics"][key]["value"] is not None or key == "f1_50"]
    rows = [[key, *_cells(result["metrics"][key]), str(result["metrics"][key]["n"])] for key in shown]
    parts = [head, _markdown(["metric", "value", "95 % interval", "n"], rows)]
    wanted = ["f1_30", "f1_50", "ap", "kappa", "spatial_iou", "tube_ap"]
    columns = [key for key in wanted if any(key in entry for entry in result["per_label"].values())]
    rows = [
        [label, str(entry["recall_50" if "recall_50" in entry else "ap"]["n"])]
        + [" ".join(_cells(entry[key])).strip() for key in columns]
        for label, entry in result["per_label"].items()
    ]
    parts.append(_markdown(["label", "n", *columns], rows))
    if "compare" in result:
        entries = {key: entry for key, entry in result["compare"]["metrics"].items() if key in shown}
        rows = [[key, *_cells(entry), _p(entry["p"])] for key, entry in entries.items()]
        parts.append(_markdown(["difference to the other", "value", "95 % interval", "p"], rows))
    if "diagnosis" in result:
        parts += _diagnosis_text(result["diagnosis"], result["n_predicted"])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _gain(value: float | None) -> list[str]:
    return ["" if value is None else f"+{value:.3f}"]


def _diagnosis_text(diagnosis: dict[str, Any], n_predicted: int) -> list[list[str]]:
    total = sum(diagnosis["types"].values()) or 1
    left_out = n_predicted - round(sum(diagnosis["types"].values()))
    rows = [
        [kind, f"{number:g}", f"{100 * number / total:.0f} %", *_gain(diagnosis["impact"].get(kind))]
        for kind, number in diagnosis["types"].items()
    ]
    parts = [_markdown([f"prediction at tIoU {diagnosis['tiou']:g}", "number", "share", "mAP without"], rows)]
    if left_out > 0:
        parts[0].append(
            f"left out: {left_out} predictions of labels without a true event, or beyond {len(diagnosis['profile'])} times as "
            "many as those"
        )
    rows = [
        [name, bucket, f"{entry['n']:g}"]
        + ["" if entry[key] is None else f"{entry[key]:.2f}" for key in ("missed", "ap_n")]
        for name, buckets in diagnosis["sensitivity"].items()
        for bucket, entry in buckets.items()
        if entry["n"]
    ]
    parts.append(_markdown(["true events by", "bucket", "n", "missed", "AP_N"], rows))
    if any(number for place, number in diagnosis["places"].items() if place != "no box"):
        rows = [[place, f"{number:g}"] for place, number in diagnosis["places"].items()]
        parts.append(_markdown(["right in time and label; place", "number"], rows))
    return parts


def _cells(entry: dict[str, Any]) -> list[str]:
    value = "" if entry["value"] is None else f"{entry['value']:.3f}"
    return [value, "" if entry["low"] is None else f"[{entry['low']:.2f}, {entry['high']:.2f}]"]


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    width = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * w for w in width], *rows]
    return ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) + " |" for line in lines]
