"""The figures of the review that need published numbers only: what scale, motion, continuity and emotion data change.

Each takes the published results, the records of the studies (not used here), and the path of the file to write (PDF, or PNG).
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kinesics_paper.article.style import BLUE, COLUMN, GREEN, GREY, RED, STYLE, TEXT, figure, save_with_source
from kinesics_paper.literature.tables import published_value, select

#: The language models of MER-UniBench that were trained on emotion data (Lian et al., AffectGPT, 2025).
EMOTION_TUNED = ("AffectGPT", "Emotion-LLaMA", "SECap")

#: The encoders of the probe tables whose input are single images.
IMAGE_ENCODERS = ("DINO", "SigLIP", "PE", "AM-RADIO", "Web-DINO")

#: The setting under which a paper probed all its encoders alike, as published_results.csv calls it.
PROTOCOLS = {
    "assran2025vjepa2": "4-layer attentive probe, same protocol for all encoders",
    "simeoni2025dinov3": "4-layer attentive probe on frozen patch features; TTA (2 temporal x 3 spatial)",
}

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

#: Pairs of one benchmark, isolated against continuous: label, and the rows of the isolated and of the continuous value.
PAIRS = (
    ("IPN Hand", {"paper_key": "benitez2021ipn", "system": "ResNeXt-101 RGB-Flow", "metric": "accuracy"},
     {"paper_key": "benitez2021ipn", "system": "ResNeXt-101 RGB-Flow", "metric": "Levenshtein accuracy"}),
    ("SMG", {"paper_key": "chen2023smg", "dataset": "SMG", "system": "TSM*", "metric": "top-1"},
     {"paper_key": "chen2023smg", "dataset": "SMG", "system": "AED-BiLSTM", "metric": "F1"}),
    ("MiGA 2024", {"paper_key": "chen2024miga", "metric": "top-1"}, {"paper_key": "chen2024miga", "metric": "F1"}),
    ("MiGA 2026", {"paper_key": "liu2026selfsupervised", "system": "XInsight ensemble (RGB+skeleton)"},
     {"paper_key": "shen2026stda"}),
)  # fmt: skip


def scale_and_timing(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw the gain of scale in localisation, probes of appearance and motion, and the loss by continuity; text width."""
    page, axes = figure(TEXT, 2.75, 1, 4, width_ratios=[1.15, 1, 1, 1.2])
    with mpl.rc_context(STYLE):
        _draw_scale(axes[0, 0], results)
        _draw_probes(axes[0, 1], results, "assran2025vjepa2", "b  probe of V-JEPA 2")
        _draw_probes(axes[0, 2], results, "simeoni2025dinov3", "c  probe of DINOv3")
        axes[0, 2].set_ylabel("")
        _draw_continuity(axes[0, 3], results)
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
    save_with_source(page, path, source)


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


def probes(results: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Return the encoders that one paper probed on K400 and SSv2: system, K400, SSv2 (and Jester), top-1 in percent.

    Probes of different papers are never put together: between them the numbers of one encoder differ widely.
    """
    rows = select(results, paper_key=paper, metric="top-1", setting=PROTOCOLS[paper])
    table = rows.pivot_table(index="system", columns="dataset", values="value").reset_index()
    table = table.rename(columns={"SthSth V2": "SSv2"})
    image = table["system"].str.startswith(IMAGE_ENCODERS)
    return table.assign(image=image).dropna(subset=["K400", "SSv2"]).reset_index(drop=True)


def _draw_scale(axis: Axes, results: pd.DataFrame) -> None:
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


def _draw_probes(axis: Axes, results: pd.DataFrame, paper: str, title: str) -> None:
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


def _draw_continuity(axis: Axes, results: pd.DataFrame) -> None:
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
        y = grouped_rows(rows["inputs"])
        for position, row in zip(y, rows.itertuples(), strict=True):
            tuned = row.system in EMOTION_TUNED
            axis.plot(row.value, position, "D" if tuned else "o", color=RED if tuned else BLUE, ms=4)
        axis.set(
            yticks=y, yticklabels=rows["system"], xlim=(30, 80), xlabel="MER-UniBench, mean of primary metrics (%)"
        )
        axis.set_ylim(max(y) + 0.7, -0.7)
        axis.tick_params(axis="y", length=0)
        axis.grid(lw=0.3, color="0.88")
        input_names = {"A+T": "audio, text", "V+T": "video, text", "A+V+T": "audio, video, text"}
        for inputs, name in input_names.items():
            last = max(position for position, group in zip(y, rows["inputs"], strict=True) if group == inputs)
            axis.text(79.5, last, name, ha="right", va="center", fontsize=7, style="italic", color="0.35")
        handles = [
            Line2D([], [], marker="o", color=BLUE, lw=0, ms=4, label="generic"),
            Line2D([], [], marker="D", color=RED, lw=0, ms=4, label="trained on emotion data"),
        ]
        page.legend(handles=handles, loc="outside upper center", ncols=2)
    save_with_source(page, path, "Published (every tier): Lian et al. (2025), one protocol for all systems.")


def grouped_rows(groups: pd.Series) -> list[float]:
    """Return the heights of rows, one apart and a little more between groups."""
    heights, height = [], 0.0
    for i, group in enumerate(groups):
        height += (1.0 if group == groups[i - 1] else 1.75) if i else 0.0
        heights.append(height)
    return heights
