"""The article's tables as LaTeX (booktabs), made from files of the workflow."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.detectors.registry import DETECTORS, find_detector
from kinesics.io.checkpoints import read_checkpoint
from kinesics.io.files import write_text
from kinesics.media.video import probe_video
from kinesics.structures.vocabulary import LABELS
from kinesics_paper.article.latex import escape, identifier, table
from kinesics_paper.article.latex_numbers import detectors, interval, text
from kinesics_paper.datasets.open_data import summarise
from kinesics_paper.datasets.people import clip_download, read_people
from kinesics_paper.downloads import read_downloads

#: Column heads of the metrics.
HEADS = {
    "f1_30": r"F1@0.3",
    "f1_50": r"F1@0.5",
    "map": r"mAP",
    "kappa": r"$\kappa$",
    "spatial_iou": r"spatial IoU",
}


def data(clips: Sequence[str], media: Sequence[str], datasets: Sequence[str], out: str | Path) -> None:
    """Write the table of all files: clips with length and frame size, weights, and the public data sets of the tier.

    Columns: source with citation, what it is, origin, size and licence. ``media`` are the videos of ``clips``.
    """
    sources, people = read_downloads(), read_people()
    videos: dict[str, list[str]] = {}
    for clip, path in zip(clips, media, strict=True):
        videos.setdefault(clip_download(clip, sources, people)["id"], []).append(path)
    weights = [name for name, files in sources.items() if files[0]["tier"] == "embedded" and not _are_clips(files)]
    rows, rules = [], []
    for names in (videos, weights, datasets):
        if names:
            rules.append(len(rows))
        for source in names:
            files = sources[source]
            row = files[0]
            if source in videos:
                what = escape(_what(row)) if len(files) == 1 else f"{len(files)} clips"
                what += f"; {_footage(videos[source])}"
            else:
                what = escape(_contents(files))
            size = sum(int(file["bytes"]) for file in files) / 1e6
            key = rf"{identifier(source)} \cite{{{row['citation']}}}"
            rows.append(
                [key, what, escape(_origin(row)).replace("/", r"/\allowbreak{}"), text(size, 1), escape(row["licence"])]
            )
    head = ["Source", "What", "Origin", "MB", "Licence as stated"]
    ragged = r">{\raggedright\arraybackslash}p{%s\linewidth}"
    columns = f"@{{}}{ragged % 0.22}{ragged % 0.26}{ragged % 0.21}r{ragged % 0.18}@{{}}"
    write_text(out, table(columns, head, rows, tuple(rules[1:])))


def _are_clips(files: Sequence[dict[str, str]]) -> bool:
    return files[0]["description"].startswith("clip: ")


def _footage(media: Sequence[str]) -> str:
    """Return the length of some videos, the sizes of their frames, and whether they have no sound."""
    infos = [probe_video(path) for path in media]
    sizes = sorted({(info.width, info.height) for info in infos})
    shown = ", ".join(f"{width}\\,$\\times$\\,{height}" for width, height in sizes)
    silent = "" if any(info.has_audio for info in infos) else ", no sound"
    return f"{sum(info.duration_s for info in infos):.1f} s, {shown}{silent}"


def _what(row: dict[str, str]) -> str:
    """Return the description of a file, without the word before the colon that groups the files of its source."""
    return row["description"].partition(": ")[2] or row["description"]


def _origin(row: dict[str, str]) -> str:
    """Return the package with its version, or the repository with the beginning of the commit."""
    if row["package"]:
        return f"{row['kind']} {row['package']} {row['version']}"
    if row["url"].startswith("https://raw.githubusercontent.com/"):
        return f"{'/'.join(row['url'].split('/')[3:5])} at {row['version'][:7]}"
    return row["kind"]


def _contents(files: list[dict[str, str]]) -> str:
    """Return the description of several files: all kinds if they are few, else the first and the last."""
    kinds = list(dict.fromkeys(map(_what, files)))
    if len(files) == 1:
        return kinds[0]
    return f"{len(files)} files: " + ("; ".join(kinds) if len(kinds) <= 6 else f"{kinds[0]}; ...; {kinds[-1]}")


COUNTS = ["streams", "hours", "events", "labels", "persons"]


def open_data(folder: str | Path, datasets: Sequence[str], out: str | Path) -> list[dict]:
    """Write the contents of the open data sets, and return them (``datasets.open_data.summarise`` of ``folder``).

    -- stands for what they do not have or state.
    """
    rows = summarise(folder, datasets)
    cells = [
        [identifier(row["dataset"]), *(text(row[name]) for name in COUNTS)]
        for row in sorted(rows, key=lambda row: (row["streams"] is None, row["dataset"]))
    ]
    timed = sum(row["streams"] is not None for row in rows)
    head = ["Data set", *(name.capitalize() for name in COUNTS)]
    columns = r"@{}>{\raggedright\arraybackslash}p{0.29\linewidth}" + "r" * len(COUNTS) + "@{}"
    write_text(out, table(columns, head, cells, (timed,) if 0 < timed < len(rows) else ()))
    return rows


#: Column heads of the metrics on synthetic data.
SYNTHETIC_HEADS = {
    "f1_30": "F1@0.3",
    "f1_50": "F1@0.5",
    "map": "mAP",
    "tube_map": "tube mAP",
    "frame_map_50": "frame mAP",
}


def synthetic(scores: str | Path, out: str | Path) -> None:
    """Write each detector's scores on the synthetic test videos, and the difference of its mAP to the reference's."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    rows, rules = [], []
    for view in ("test", "own"):
        rules.append(len(rows))
        for name in detectors(result):
            scored = result["detectors"][name][view]
            if view == "own" and scored["labels"] == result["labels"]:
                continue
            difference = result["tests"]["map"].get(name) if view == "test" else None
            reached = (interval(scored["metrics"][key]) for key in SYNTHETIC_HEADS)
            tested = [interval(difference), text(difference["p_holm"], 3)] if difference else ["", ""]
            rows.append([escape(name), str(len(scored["labels"])), *reached, *tested])
    head = ["Detector", "Labels", *SYNTHETIC_HEADS.values(), "$\\Delta$ mAP", "$p$"]
    write_text(out, table("@{}lr" + "l" * len(SYNTHETIC_HEADS) + "ll@{}", head, rows, tuple(rules[1:])))


def methods(names: list[str], out: str | Path) -> None:
    """Write what each of these detectors does, its frozen network, and the data it is trained on."""
    rows = []
    for name, row in ((name, DETECTORS[name]) for name in names):
        cite = rf"~\cite{{{row['citation']}}}" if row["citation"] else ""
        reads = row["features"] or row["weights"]
        rows.append([escape(name), escape(row["description"]) + cite, escape(reads) or "--", row["learns"]])
    write_text(
        out, table(r"@{}lp{0.52\linewidth}ll@{}", ["Detector", "What it does", "Frozen network", "Trained here"], rows)
    )


def expressions(realism: str | Path, out: str | Path) -> None:
    """Write the outputs of the expression network at the apex of each expression, in per cent of its faces."""
    counts = pd.DataFrame(json.loads(Path(realism).read_text(encoding="utf-8"))["expressions"])
    shown = [label for label in [*LABELS.index, "neutral"] if label in set(counts["display"])]
    outputs = list(dict.fromkeys(counts["output"]))
    rows = []
    for expression in shown:
        own = counts[counts["display"] == expression].set_index("output")
        share = (100 * own["times"] / own["faces"]).map("{:.0f}".format)
        rows.append(
            [rf"\what{{{escape(expression)}}}", str(own["faces"].iloc[0])]
            + [rf"\textbf{{{share[label]}}}" if label == expression else share[label] for label in outputs]
        )
    write_text(out, table("lr" + "r" * len(outputs), ["display", "faces", *map(escape, outputs)], rows))


#: Column heads of the ablation.
ABLATION_HEADS = {"map": "mAP", "f1_50": "F1@0.5"}


def ablation(scores: list[str], out: str | Path) -> None:
    """Write the scores of the proposal without a part: mAP, event F1, and the paired difference of mAP to the whole."""
    rows = []
    for path in scores:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
        reached = [interval(result["metrics"][key]) for key in ABLATION_HEADS]
        difference = interval(result["difference"]["map"]) if "difference" in result else ""
        errors = [text(result["ece"][key], 3) for key in ("before", "after")]
        rows.append([escape(result["variant"].replace("_", " ")), *reached, difference, *errors])
    head = ["Variant", *ABLATION_HEADS.values(), r"$\Delta$ mAP", "ECE, raw", "calibrated"]
    write_text(out, table("@{}llllrr@{}", head, rows, (1,)))


def costs(models: list[str], measured: str | Path, out: str | Path) -> None:
    """Write the weights, training steps, chosen settings and calibration error of each trained detector.

    Time and memory are those of ``measured``, a table of ``benchmarks/methods.py``, or -- .
    """
    rows: dict[str, list[str]] = {}
    errors: dict[str, list[np.ndarray]] = {}
    resources = pd.read_csv(measured, dtype=str).set_index("detector")
    for path in models:
        name = Path(path).parts[-3]
        model = read_checkpoint(path, find_detector(name).name)
        errors.setdefault(name, []).append(model["calibration_error"])
        weights = sum(array.size for key, array in model.items() if key.startswith("network."))
        settings = json.loads(model["settings"].tobytes())
        rows[name] = [escape(name), text(int(weights)), text(int(settings["steps"])), f"{settings['rate']:g}"]
        rows[name] += list(resources.loc[name]) if name in resources.index else ["--"] * len(resources.columns)
        rows[name] += [f"{settings['sigma']:g}", f"{settings['smooth_s']:g}" if "smooth_s" in settings else "--"]
    for name, pairs in errors.items():
        rows[name] += [text(float(value), 3) for value in np.mean(pairs, 0)]
    groups = " & ".join(rf"\multicolumn{{2}}{{c}}{{{name}}}" for name in ("Training", "Detecting", "Chosen", "ECE"))
    head = [
        "Detector",
        "Weights",
        "Steps",
        "Rate",
        "s",
        "MB",
        "s/min",
        "MB",
        r"$\sigma$",
        "smooth (s)",
        "raw",
        "calibrated",
    ]
    write_text(
        out, table("@{}lrrrrrrrrrrr@{}", head, list(rows.values())).replace(r"\toprule", rf"\toprule &&&& {groups} \\")
    )
