"""The figures of the review. Each function takes published results, the records that the figure needs (none: an empty list),
and the path of the file to write (PDF, or PNG). A line under each figure names the source of the numbers and the tier
that made it.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kinesics_paper.article import style
from kinesics_paper.article.style import BLUE, COLUMN, GREEN, GREY, ORANGE, RED, SKY, STYLE, TEXT
from kinesics_paper.datasets.gpt4v_emotion import read_sets
from kinesics_paper.literature.records import find, read_records
from kinesics_paper.literature.tables import published_value, read_literature, select
from kinesics_paper.studies.gpt4v import AS_PUBLISHED, comparison

#: Tasks from what a scene evokes to what a face does, and the names they have on the page.
TASKS = {
    "visual sentiment analysis": "what an image evokes",
    "multimodal emotion recognition": "speech text and frames",
    "facial emotion recognition": "face, still",
    "dynamic facial emotion recognition": "face, video",
    "micro-expression recognition": "micro-expression",
}
TASK_COLOURS = dict(zip(TASKS, [GREEN, SKY, BLUE, ORANGE, RED], strict=True))
TASK_LINES = dict(zip(TASKS, ["-", "-.", "-", "--", ":"], strict=True))

#: The language models of MER-UniBench that were trained on emotion data (Lian et al., AffectGPT, 2025).
EMOTION_TUNED = ("AffectGPT", "Emotion-LLaMA", "SECap")

#: Where the ratio of panel b of ``gpt4v_sets`` is written out instead of drawn.
BEYOND = 2.4

#: The encoders of the probe tables that see single images.
IMAGE_ENCODERS = ("DINO", "SigLIP", "PE", "AM-RADIO", "Web-DINO")


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **grid) -> tuple[Figure, np.ndarray]:
    """Return a figure of the given size in inches in the common style, and its axes, shape (rows, columns)."""
    with mpl.rc_context(STYLE):
        page = Figure((width, height), layout="constrained")
        page.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
        return page, page.subplots(rows, columns, squeeze=False, gridspec_kw=grid or None)


def save(page: Figure, path: str | Path, source: str) -> None:
    """Write the figure with the line that names its source."""
    with mpl.rc_context(STYLE):
        page.supxlabel(source, x=0.995, ha="right", fontsize=6.5, color="0.35")
    style.save(page, path)


def best_supervised(results: pd.DataFrame, dataset: str, metric: str) -> tuple[str, float]:
    """Return the best supervised system that Lian et al. quote on a data set, and its value in percent."""
    rows = select(results, paper_key="lian2024gpt4v", dataset=dataset)
    rows = rows[rows["setting"].str.startswith("supervised") & rows["metric"].isin([metric, "unnamed"])]
    best = rows.loc[rows["value"].idxmax()]
    return str(best["system"]), float(best["value"])


def against_supervised(records: list[dict], results: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison of GPT-4V, a row a data set (WAR for dynamic faces), with the best supervised model.

    Adds ``supervised`` and ``recovered``: the part of the supervised model's lead over the majority class that GPT-4V
    reaches, 0 at the majority class, 1 at the supervised model.
    """
    table = comparison(records)
    table = table[table["metric"] != "UAR"].reset_index(drop=True)
    pairs = zip(table["dataset"], table["metric"], strict=True)
    table["supervised"] = [best_supervised(results, *pair)[1] for pair in pairs]
    lead = table["supervised"] - table["majority"]
    for name in ("value", "low", "high"):
        table[f"recovered_{name}"] = (table[name] - table["majority"]) / lead
    table["order"] = table["task"].map(list(TASKS).index)
    return table.sort_values(["order", "value"], ascending=[True, False], kind="stable").reset_index(drop=True)


def gpt4v_sets(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw GPT-4V on its 19 data sets against the best supervised model, the majority class and chance; text width."""
    table = against_supervised(records, results)
    page, axes = figure(TEXT, 4.3, 1, 2, width_ratios=[1.55, 1])
    with mpl.rc_context(STYLE):
        y = _grouped_rows(table["task"])
        left, right = axes[0]
        edge = right.get_yaxis_transform()
        for position, row in zip(y, table.itertuples(), strict=True):
            colour = TASK_COLOURS[row.task]
            left.plot(
                [row.value, row.supervised], [position] * 2, color=colour, alpha=0.25, lw=2.5, solid_capstyle="butt"
            )
            left.plot([row.low, row.high], [position] * 2, color=colour, lw=1.1)
            left.plot(row.value, position, "o", color=colour, ms=4.2)
            left.plot(row.supervised, position, "D", mfc="white", mec="black", ms=3.6, mew=0.7)
            left.plot(row.majority, position, "|", color="black", ms=7, mew=1.1)
            left.plot(row.chance, position, "x", color=GREY, ms=3.4, mew=0.8)
            if row.recovered_value < BEYOND:
                right.plot([row.recovered_low, row.recovered_high], [position] * 2, color=colour, lw=1.1)
                right.plot(row.recovered_value, position, "o", color=colour, ms=4.2)
            else:  # a lead over the majority class so small that the ratio leaves the page
                text = f"{row.recovered_value:.1f} [{row.recovered_low:.1f}, {row.recovered_high:.1f}]"
                right.text(0.965, position, text, ha="right", va="center", fontsize=6.5, color=colour, transform=edge)
                right.plot(0.985, position, ">", color=colour, ms=4.2, transform=edge)
        names = {"WAR": "WAR", "weighted F1": "F1"}
        labels = [row.dataset.replace(">=", "≥") + f"  ({names.get(row.metric, 'acc.')})" for row in table.itertuples()]
        left.set(yticks=y, yticklabels=labels, xlim=(0, 100), xlabel="score (%)")
        left.set_title("a  score on each data set")
        right.set(yticks=y, yticklabels=[], xlabel="part of the supervised lead recovered", xlim=(-1.25, BEYOND))
        right.set_title("b  0: majority class, 1: best supervised")
        for value in (0, 1):
            right.axvline(value, color="black", lw=0.6, ls=(0, (4, 2)), zorder=1)  # above the grid
        for axis in (left, right):
            axis.set_ylim(max(y) + 0.7, -1.2)
            axis.tick_params(axis="y", length=0)
            axis.grid(axis="x", lw=0.3, color="0.88", zorder=0)
        for task, name in TASKS.items():
            top = min(position for position, group in zip(y, table["task"], strict=True) if group == task)
            left.text(1, top - 0.68, name, color=TASK_COLOURS[task], fontsize=7, va="center", style="italic")
        handles = [
            Line2D([], [], marker="o", color="0.3", ms=4.2, lw=1.1, label="GPT-4V, 95% interval"),
            Line2D([], [], marker="D", mfc="white", mec="black", ms=3.6, lw=0, label="best supervised"),
            Line2D([], [], marker="|", color="black", ms=7, lw=0, label="majority class"),
            Line2D([], [], marker="x", color=GREY, ms=3.4, lw=0, label="chance"),
        ]
        page.legend(handles=handles, loc="outside upper center", ncols=4, columnspacing=2.0)
    save(
        page, path, "GPT-4V: recomputed from released answers (public tier). Supervised: quoted by Lian et al. (2024)."
    )


def _grouped_rows(groups: pd.Series) -> list[float]:
    """Return the heights of rows, one apart and a little more between groups."""
    heights, height = [], 0.0
    for i, group in enumerate(groups):
        height += (1.0 if group == groups[i - 1] else 1.75) if i else 0.0
        heights.append(height)
    return heights


def gpt4v_answers(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw how GPT-4V answers: collapse of the answers, accuracy within k answers, truth by rank; text width."""
    many = [(row["task"], row["dataset"]) for row in read_sets() if len(row["classes"].split()) > 2]
    many = sorted(dict.fromkeys(many), key=lambda pair: list(TASKS).index(pair[0]))
    page, axes = figure(TEXT, 2.75, 1, 3, width_ratios=[1.5, 1, 1])
    with mpl.rc_context(STYLE):
        left, middle, right = axes[0]
        y = _grouped_rows(pd.Series([task for task, _ in many]))
        for position, (task, dataset) in zip(y, many, strict=True):
            answer = find(records, dataset, AS_PUBLISHED, "entropy")
            truth = find(records, dataset, "truth", "entropy")
            left.plot([answer["value"], truth["value"]], [position] * 2, color=TASK_COLOURS[task], alpha=0.3, lw=2.5)
            left.plot([answer["low"], answer["high"]], [position] * 2, color=TASK_COLOURS[task], lw=1.1)
            left.plot(answer["value"], position, "o", color=TASK_COLOURS[task], ms=4.2)
            left.plot(truth["value"], position, "D", mfc="white", mec="black", ms=3.6, mew=0.7)
        left.set(yticks=y, yticklabels=[dataset for _, dataset in many], xlim=(0, 3.1), xlabel="entropy (bits)")
        left.set_ylim(max(y) + 0.7, -0.7)
        left.tick_params(axis="y", length=0)
        left.set_title("a  answers (dot) and labels (diamond)")
        for axis, metric in ((middle, "rank-{} accuracy"), (right, "answer {} is the truth")):
            for task, dataset in many:
                values = [find(records, dataset, AS_PUBLISHED, metric.format(k))["value"] for k in range(1, 5)]
                axis.plot(range(1, 5), values, TASK_LINES[task], marker="o", color=TASK_COLOURS[task], ms=2.2, lw=0.9)
            axis.set(xticks=range(1, 5), ylim=(0, 102))
        middle.set_xlabel("answers taken, $k$")
        right.set_xlabel("rank of the answer")
        middle.set_ylabel("samples (%)")
        middle.set_title("b  truth among the first $k$")
        right.set_title("c  answer at a rank is the truth")
        for axis in axes[0]:
            axis.grid(lw=0.3, color="0.88", zorder=0, axis="x" if axis is left else "y")
        shown = {task for task, _ in many}
        handles = [
            Line2D([], [], color=colour, lw=1.2, ls=TASK_LINES[task], label=TASKS[task])
            for task, colour in TASK_COLOURS.items()
            if task in shown
        ]
        page.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.6)
    save(
        page,
        path,
        "Recomputed from the answers released by Lian et al. (2024), public tier. Sets with more than two classes.",
    )


def scale_and_timing(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw what scale buys in localisation, probes of appearance and motion, and what continuity costs; text width."""
    page, axes = figure(TEXT, 2.75, 1, 4, width_ratios=[1.15, 1, 1, 1.2])
    with mpl.rc_context(STYLE):
        _scale(axes[0, 0], results)
        _probes(axes[0, 1], results, "assran2025vjepa2", "b  probe of V-JEPA 2")
        _probes(axes[0, 2], results, "simeoni2025dinov3", "c  probe of DINOv3")
        axes[0, 2].set_ylabel("")
        _continuity(axes[0, 3], results)
        handles = [
            Line2D([], [], marker="o", color=BLUE, lw=0, ms=4, label="image encoder"),
            Line2D([], [], marker="s", color=RED, lw=0, ms=4, label="video encoder"),
            Line2D([], [], marker="^", color=GREEN, lw=0, ms=4.5, label="isolated gestures"),
            Line2D([], [], marker="v", mfc="white", mec=GREEN, lw=0, ms=4.5, label="continuous stream"),
        ]
        page.legend(handles=handles, loc="outside upper center", ncols=4, columnspacing=2.0)
    source = (
        "Published numbers (every tier). Probes of b and c differ: compare within a panel. Metrics of d: as labelled."
    )
    save(page, path, source)


def scale_gains(results: pd.DataFrame) -> pd.DataFrame:
    """Return InternVideo2 at 1B and 6B on four sets of temporal localisation, average mAP in percent, and the gain."""
    where = {"paper_key": "wang2024internvideo2", "task": "temporal action localization", "metric": "average mAP"}
    rows = []
    for dataset in ("THUMOS14", "HACS Segment", "ActivityNet-1.3", "FineAction"):
        small, large = (
            published_value(results, system=f"InternVideo2_s1-{size}", dataset=dataset, **where)
            for size in ("1B", "6B")
        )
        rows.append({"dataset": dataset, "1B": small, "6B": large, "gain": large - small})
    return pd.DataFrame(rows)


#: The setting under which a paper probed all its encoders alike, as published_results.csv calls it.
PROTOCOLS = {
    "assran2025vjepa2": "4-layer attentive probe, same protocol for all encoders",
    "simeoni2025dinov3": "4-layer attentive probe on frozen patch features; TTA (2 temporal x 3 spatial)",
}


def probes(results: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Return the encoders that one paper probed on K400 and SSv2: system, K400, SSv2 (and Jester), top-1 in percent.

    Probes of different papers are never put together: between them the numbers of one encoder differ widely.
    """
    rows = select(results, paper_key=paper, metric="top-1", setting=PROTOCOLS[paper])
    table = rows.pivot_table(index="system", columns="dataset", values="value").reset_index()
    table = table.rename(columns={"SthSth V2": "SSv2"})
    image = table["system"].str.startswith(IMAGE_ENCODERS)
    return table.assign(image=image).dropna(subset=["K400", "SSv2"]).reset_index(drop=True)


def _scale(axis: Axes, results: pd.DataFrame) -> None:
    table = scale_gains(results)
    y = np.arange(len(table))
    axis.barh(y, table["1B"], 0.45, color=RED, alpha=0.3)
    axis.barh(y, table["gain"], 0.45, left=table["1B"], color=RED)
    for i, row in table.iterrows():
        text = f"{row['1B']:.1f} + {row['gain']:.1f}"
        axis.annotate(text, (row["6B"], i), xytext=(3, 0), textcoords="offset points", va="center", fontsize=6.5)
    axis.set(yticks=y, yticklabels=table["dataset"].str.replace("-1.3", "").str.replace(" Segment", ""))
    axis.set(xlim=(0, 112), xticks=[0, 50, 100], ylim=(len(table) - 0.5, -0.6), xlabel="average mAP (%)")
    axis.tick_params(axis="y", length=0)
    axis.set_title("a  InternVideo2, 1B + 6B gain")


#: Where the names of encoders stand in the probe panels: paper, system, name, position on the two axes.
PROBE_NAMES = (
    ("assran2025vjepa2", "DINOv2 (1.1B)", "DINOv2", (84.9, 47.8)),
    ("assran2025vjepa2", "SigLIP2 (1.2B)", "SigLIP 2", (88.6, 47.8)),
    ("assran2025vjepa2", "PEcore G (1.9B)", "PEcore", (89.3, 58.4)),
    ("assran2025vjepa2", "InternVideo2_s2-1B", "InternVideo2", (88.4, 66.6)),
    ("assran2025vjepa2", "V-JEPA 2 ViT-g384 (1B)", "V-JEPA 2", (89.3, 79.3)),
    ("simeoni2025dinov3", "DINOv2 g/14", "DINOv2", (84.6, 64.5)),
    ("simeoni2025dinov3", "SigLIP 2 g/16", "SigLIP 2", (88.6, 64.5)),
    ("simeoni2025dinov3", "DINOv3 7B/16", "DINOv3", (88.9, 74.0)),
    ("simeoni2025dinov3", "V-JEPA 2 g/16", "V-JEPA 2", (86.4, 78.3)),
)


def _probes(axis: Axes, results: pd.DataFrame, paper: str, title: str) -> None:
    table = probes(results, paper)
    for image, marker, colour in ((True, "o", BLUE), (False, "s", RED)):
        part = table[table["image"] == image]
        axis.plot(part["K400"], part["SSv2"], marker, color=colour, ms=4, alpha=0.85, mew=0)
    for key, system, name, place in PROBE_NAMES:
        if key == paper:
            row = table[table["system"] == system].iloc[0]
            line = {"arrowstyle": "-", "lw": 0.4, "color": GREY, "shrinkA": 1, "shrinkB": 2}
            point = row["K400"], row["SSv2"]
            axis.annotate(name, point, xytext=place, ha="center", va="center", fontsize=6.5, arrowprops=line)
    axis.set(xlim=(82, 91), xticks=[82, 85, 88, 91], ylim=(45, 81), xlabel="K400, appearance (%)")
    axis.set(ylabel="SSv2, motion (%)")
    axis.set_title(title)
    axis.grid(lw=0.3, color="0.88")


#: Pairs of one benchmark, isolated against continuous: label, where the isolated and the continuous value stand.
PAIRS = (
    ("IPN Hand", {"paper_key": "benitez2021ipn", "system": "ResNeXt-101 RGB-Flow", "metric": "accuracy"},
     {"paper_key": "benitez2021ipn", "system": "ResNeXt-101 RGB-Flow", "metric": "Levenshtein accuracy"}),
    ("SMG", {"paper_key": "chen2023smg", "dataset": "SMG", "system": "TSM*", "metric": "top-1"},
     {"paper_key": "chen2023smg", "dataset": "SMG", "system": "AED-BiLSTM", "metric": "F1"}),
    ("MiGA 2024", {"paper_key": "chen2024miga", "metric": "top-1"}, {"paper_key": "chen2024miga", "metric": "F1"}),
    ("MiGA 2026", {"paper_key": "liu2026selfsupervised", "system": "XInsight ensemble (RGB+skeleton)"},
     {"paper_key": "shen2026stda"}),
)  # fmt: skip


def continuity(results: pd.DataFrame) -> pd.DataFrame:
    """Return isolated against continuous recognition: benchmark, isolated, continuous (percent), and their metrics."""
    rows = []
    for name, *where in PAIRS:
        values = [published_value(results, **part) for part in where]
        parts = [select(results, **part).iloc[0] for part in where]
        values = [100 * value if part["unit"] == "0-1" else value for value, part in zip(values, parts, strict=True)]
        metrics = [part["metric"] for part in parts]
        rows.append(
            dict(zip(["benchmark", "isolated", "continuous", "metrics"], [name, *values, metrics], strict=True))
        )
    return pd.DataFrame(rows)


def _continuity(axis: Axes, results: pd.DataFrame) -> None:
    table = continuity(results)
    for i, row in table.iterrows():
        axis.plot([row["isolated"], row["continuous"]], [i, i], color=GREEN, alpha=0.35, lw=2)
        axis.plot(row["isolated"], i, "^", color=GREEN, ms=4.5)
        axis.plot(row["continuous"], i, "v", mfc="white", mec=GREEN, ms=4.5)
        short = {"Levenshtein accuracy": "Levenshtein acc.", "accuracy": "acc."}
        for value, metric in zip((row["isolated"], row["continuous"]), row["metrics"], strict=True):
            name = short.get(metric, metric)
            axis.annotate(name, (value, i), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=6)
    axis.set(yticks=range(len(table)), yticklabels=table["benchmark"], xlim=(10, 100), ylim=(len(table) - 0.6, -0.6))
    axis.set(xlabel="score (%)")
    axis.set_title("d  isolated and continuous")
    axis.grid(axis="x", lw=0.3, color="0.88")


def mer_unibench(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw multimodal language models on MER-UniBench, generic against tuned on emotion data; column width."""
    rows = select(results, paper_key="lian2025affectgpt", dataset="Mean").copy()
    rows["inputs"] = rows["setting"].str.extract(r"modalities ([AVT+]+)")
    rows["order"] = rows["inputs"].map(["A+T", "V+T", "A+V+T"].index)
    rows = rows.sort_values(["order", "value"], ascending=[True, False], kind="stable").reset_index(drop=True)
    page, axes = figure(COLUMN, 3.6)
    with mpl.rc_context(STYLE):
        axis = axes[0, 0]
        y = _grouped_rows(rows["inputs"])
        for position, row in zip(y, rows.itertuples(), strict=True):
            tuned = row.system in EMOTION_TUNED
            axis.plot(row.value, position, "D" if tuned else "o", color=RED if tuned else BLUE, ms=4)
        axis.set(
            yticks=y, yticklabels=rows["system"], xlim=(30, 80), xlabel="MER-UniBench, mean of primary metrics (%)"
        )
        axis.set_ylim(max(y) + 0.7, -0.7)
        axis.tick_params(axis="y", length=0)
        axis.grid(lw=0.3, color="0.88")
        words = {"A+T": "audio, text", "V+T": "video, text", "A+V+T": "audio, video, text"}
        for inputs, name in words.items():
            last = max(position for position, group in zip(y, rows["inputs"], strict=True) if group == inputs)
            axis.text(79.5, last, name, ha="right", va="center", fontsize=7, style="italic", color="0.35")
        handles = [
            Line2D([], [], marker="o", color=BLUE, lw=0, ms=4, label="generic"),
            Line2D([], [], marker="D", color=RED, lw=0, ms=4, label="trained on emotion data"),
        ]
        page.legend(handles=handles, loc="outside upper center", ncols=2)
    save(page, path, "Published (every tier): Lian et al. (2025), one protocol for all systems.")


def counter_evidence(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw what speaks against the limits: frozen encoders on Jester and, with records, GPT-4V on Abstract.

    Without records (a tier without public data) the figure is the first panel alone, a column wide.
    """
    page, axes = figure(TEXT, 2.5, 1, 2, width_ratios=[1, 1.1]) if records else figure(COLUMN, 2.5)
    source = "Published (every tier): Assran et al. (2025), one probe for all encoders."
    handles = [
        Line2D([], [], marker="o", color=BLUE, lw=0, ms=4, label="image encoder"),
        Line2D([], [], marker="s", color=RED, lw=0, ms=4, label="video encoder"),
    ]
    with mpl.rc_context(STYLE):
        _jester(axes[0, 0], results, "a  " if records else "")
        if records:
            _evoked(axes[0, 1], records, results)
            source = (
                "a: published, Assran et al. (2025). b: recomputed (public tier), others quoted by Lian et al. (2024)."
            )
            handles += [
                Line2D([], [], marker="o", color=GREEN, ms=4.4, lw=1.2, label="GPT-4V, 95% interval"),
                Line2D([], [], marker="D", mfc="white", mec="black", ms=3.4, lw=0, label="supervised"),
                Line2D([], [], marker="|", color="black", ms=7, lw=0, label="majority class"),
            ]
        page.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.6)
    save(page, path, source)


def _jester(axis: Axes, results: pd.DataFrame, letter: str) -> None:
    table = probes(results, "assran2025vjepa2").sort_values("SSv2").reset_index(drop=True)
    for i, row in table.iterrows():
        colour, marker = (BLUE, "o") if row["image"] else (RED, "s")
        axis.plot([row["SSv2"], row["Jester"]], [i, i], color=colour, alpha=0.3, lw=1.5)
        axis.plot(row["SSv2"], i, marker, mfc="white", mec=colour, ms=3.8)
        axis.plot(row["Jester"], i, marker, color=colour, ms=3.8)
    axis.set(yticks=range(len(table)), yticklabels=table["system"], xlim=(45, 100), xlabel="top-1 (%)")
    axis.tick_params(axis="y", length=0)
    axis.set_title(f"{letter}frozen encoders: SSv2 (open), Jester (filled)")
    axis.grid(axis="x", lw=0.3, color="0.88")


def _evoked(axis: Axes, records: list[dict], results: pd.DataFrame) -> None:
    sets = against_supervised(records, results)
    sets = sets[sets["task"] == "visual sentiment analysis"].iloc[::-1].reset_index(drop=True)
    for i, row in sets.iterrows():
        others = select(results, paper_key="lian2024gpt4v", dataset=row["dataset"])
        others = others[others["setting"].str.startswith("supervised")]["value"]
        axis.plot(others, np.full(len(others), i), "D", mfc="white", mec="black", ms=3.4, mew=0.6)
        axis.plot([row["low"], row["high"]], [i, i], color=GREEN, lw=1.2)
        axis.plot(row["value"], i, "o", color=GREEN, ms=4.4)
        axis.plot(row["majority"], i, "|", color="black", ms=7, mew=1.1)
    axis.set(yticks=range(len(sets)), yticklabels=sets["dataset"].str.replace(">=", "≥"), xlim=(50, 100))
    axis.set(xlabel="accuracy (%)", ylim=(-0.6, len(sets) - 0.4))
    axis.tick_params(axis="y", length=0)
    axis.set_title("b  what an image evokes: GPT-4V and others")
    axis.grid(axis="x", lw=0.3, color="0.88")


def people(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw how often crowds name the emotion an actor meant, by voice, face and both (CREMA-D); column width."""
    looks = {"voice": ("v", ORANGE), "face": ("o", BLUE), "voice and face": ("s", RED)}
    emotions = ["neutral", "happy", "anger", "disgust", "fear", "sad"]
    page, axes = figure(COLUMN, 2.2)
    with mpl.rc_context(STYLE):
        axis = axes[0, 0]
        for shift, (modality, (marker, colour)) in zip((-0.22, 0.0, 0.22), looks.items(), strict=True):
            for i, metric in enumerate([f"crowd for {emotion}" for emotion in emotions] + ["crowd"]):
                row = find(records, "CREMA-D", modality, metric)
                x = i + shift + (0.5 if metric == "crowd" else 0)
                axis.plot([x, x], [row["low"], row["high"]], color=colour, lw=1.1)
                axis.plot(x, row["value"], marker, color=colour, ms=3.8, label=modality if i == 0 else None)
        axis.axhline(100 / len(emotions), color=GREY, lw=0.6, ls=(0, (4, 2)), zorder=0, label="chance")
        axis.axvline(len(emotions) - 0.25, color="0.8", lw=0.6)
        axis.set(xticks=[*range(len(emotions)), len(emotions) + 0.5], xticklabels=[*emotions, "all"], ylim=(0, 100))
        axis.set_ylabel("clips named as meant (%)")
        axis.tick_params(axis="x", length=0)
        axis.grid(axis="y", lw=0.3, color="0.88")
        page.legend(loc="outside upper center", ncols=4, columnspacing=1.2)
    save(page, path, "Recomputed from the released votes of CREMA-D (public tier); 95% intervals over actors.")


def draw_all(figures: Sequence[str], records: Sequence[str], out: Sequence[str]) -> None:
    """Draw figures by name. ``records`` are the files of the studies that the tier has the data for."""
    results = read_literature("literature")["published_results"]
    rows = [row for path in records for row in read_records(path)]
    for name, path in zip(figures, out, strict=True):
        globals()[name](results, rows, path)
