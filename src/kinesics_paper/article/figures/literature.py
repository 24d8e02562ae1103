"""The figures of the review whose numbers are recomputed from public data, and all figures of the review by name.

Each takes the published results, the records that it needs (none: an empty list), and the path of the file to write (PDF, or
PNG). A line under each figure names the source of its numbers and the tier that made it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kinesics_paper.article.figures.published_scaling import (
    grouped_rows,
    mer_unibench,
    probes,
    scale_and_timing,
)
from kinesics_paper.article.style import (
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    STYLE,
    TEXT,
    figure,
    save_with_source,
)
from kinesics_paper.datasets.gpt4v_emotion import read_sets
from kinesics_paper.literature.records import find, read_records
from kinesics_paper.literature.tables import read_literature, select
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

#: Where the ratio of panel b of ``gpt4v_sets`` is written out instead of drawn.
BEYOND = 2.4


def best_supervised(results: pd.DataFrame, dataset: str, metric: str) -> tuple[str, float]:
    """Return the best supervised system that Lian et al. quote on a data set, and its value in percent."""
    rows = select(results, paper_key="lian2024gpt4v", dataset=dataset)
    rows = rows[rows["setting"].str.startswith("supervised") & rows["metric"].isin([metric, "unnamed"])]
    best = rows.loc[rows["value"].idxmax()]
    return str(best["system"]), float(best["value"])


def against_supervised(records: list[dict], results: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison of GPT-4V with the best supervised model, one row per data set (WAR for dynamic faces).

    Adds ``supervised`` and ``recovered_value``, ``recovered_low`` and ``recovered_high``: the part of the supervised model's
    lead over the majority class that GPT-4V reaches, 0 at the majority class, 1 at the supervised model.
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
        y = grouped_rows(table["task"])
        left, right = axes[0]
        _draw_scores(left, table, y)
        _draw_recovered(right, table, y)
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
    source = "GPT-4V: recomputed from released answers (public tier). Supervised: quoted by Lian et al. (2024)."
    save_with_source(page, path, source)


def _draw_scores(axis: Axes, table: pd.DataFrame, y: list[float]) -> None:
    for position, row in zip(y, table.itertuples(), strict=True):
        colour = TASK_COLOURS[row.task]
        axis.plot([row.value, row.supervised], [position] * 2, color=colour, alpha=0.25, lw=2.5, solid_capstyle="butt")
        axis.plot([row.low, row.high], [position] * 2, color=colour, lw=1.1)
        axis.plot(row.value, position, "o", color=colour, ms=4.2)
        axis.plot(row.supervised, position, "D", mfc="white", mec="black", ms=3.6, mew=0.7)
        axis.plot(row.majority, position, "|", color="black", ms=7, mew=1.1)
        axis.plot(row.chance, position, "x", color=GREY, ms=3.4, mew=0.8)
    names = {"WAR": "WAR", "weighted F1": "F1"}
    labels = [row.dataset.replace(">=", "≥") + f"  ({names.get(row.metric, 'acc.')})" for row in table.itertuples()]
    axis.set(yticks=y, yticklabels=labels, xlim=(0, 100), xlabel="score (%)")
    axis.set_title("a  score on each data set")


def _draw_recovered(axis: Axes, table: pd.DataFrame, y: list[float]) -> None:
    edge = axis.get_yaxis_transform()
    for position, row in zip(y, table.itertuples(), strict=True):
        colour = TASK_COLOURS[row.task]
        if row.recovered_value < BEYOND:
            axis.plot([row.recovered_low, row.recovered_high], [position] * 2, color=colour, lw=1.1)
            axis.plot(row.recovered_value, position, "o", color=colour, ms=4.2)
        else:  # a lead over the majority class so small that the ratio leaves the page
            text = f"{row.recovered_value:.1f} [{row.recovered_low:.1f}, {row.recovered_high:.1f}]"
            axis.text(0.965, position, text, ha="right", va="center", fontsize=6.5, color=colour, transform=edge)
            axis.plot(0.985, position, ">", color=colour, ms=4.2, transform=edge)
    axis.set(yticks=y, yticklabels=[], xlabel="part of the supervised lead recovered", xlim=(-1.25, BEYOND))
    axis.set_title("b  0: majority class, 1: best supervised")
    for value in (0, 1):
        axis.axvline(value, color="black", lw=0.6, ls=(0, (4, 2)), zorder=1)  # above the grid


def gpt4v_answers(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw how GPT-4V answers: entropy of the answers, accuracy within k answers, truth by rank; text width."""
    many = [(row["task"], row["dataset"]) for row in read_sets() if len(row["classes"].split()) > 2]
    many = sorted(dict.fromkeys(many), key=lambda pair: list(TASKS).index(pair[0]))
    page, axes = figure(TEXT, 2.75, 1, 3, width_ratios=[1.5, 1, 1])
    with mpl.rc_context(STYLE):
        left, middle, right = axes[0]
        y = grouped_rows(pd.Series([task for task, _ in many]))
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
    save_with_source(
        page,
        path,
        "Recomputed from the answers released by Lian et al. (2024), public tier. Sets with more than two classes.",
    )


def counter_evidence(results: pd.DataFrame, records: list[dict], path: str | Path) -> None:
    """Draw the counter-evidence to the limits: frozen encoders on Jester and, with records, GPT-4V on Abstract.

    Without records (a tier without public data) the figure is the first panel alone, a column wide.
    """
    page, axes = figure(TEXT, 2.5, 1, 2, width_ratios=[1, 1.1]) if records else figure(COLUMN, 2.5)
    source = "Published (every tier): Assran et al. (2025), one probe for all encoders."
    handles = [
        Line2D([], [], marker="o", color=BLUE, lw=0, ms=4, label="image encoder"),
        Line2D([], [], marker="s", color=RED, lw=0, ms=4, label="video encoder"),
    ]
    with mpl.rc_context(STYLE):
        _draw_jester(axes[0, 0], results, "a  " if records else "")
        if records:
            _draw_evoked(axes[0, 1], records, results)
            source = (
                "a: published, Assran et al. (2025). b: recomputed (public tier), others quoted by Lian et al. (2024)."
            )
            handles += [
                Line2D([], [], marker="o", color=GREEN, ms=4.4, lw=1.2, label="GPT-4V, 95% interval"),
                Line2D([], [], marker="D", mfc="white", mec="black", ms=3.4, lw=0, label="supervised"),
                Line2D([], [], marker="|", color="black", ms=7, lw=0, label="majority class"),
            ]
        page.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.6)
    save_with_source(page, path, source)


def _draw_jester(axis: Axes, results: pd.DataFrame, letter: str) -> None:
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


def _draw_evoked(axis: Axes, records: list[dict], results: pd.DataFrame) -> None:
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
    """Draw how often crowds name the emotion that an actor intended, by voice, face and both (CREMA-D); column width."""
    markers = {"voice": ("v", ORANGE), "face": ("o", BLUE), "voice and face": ("s", RED)}
    emotions = ["neutral", "happy", "anger", "disgust", "fear", "sad"]
    page, axes = figure(COLUMN, 2.2)
    with mpl.rc_context(STYLE):
        axis = axes[0, 0]
        for shift, (modality, (marker, colour)) in zip((-0.22, 0.0, 0.22), markers.items(), strict=True):
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
    save_with_source(
        page, path, "Recomputed from the released votes of CREMA-D (public tier); 95% intervals over actors."
    )


#: The figures of the review by the name of their file.
FIGURES: dict[str, Callable[[pd.DataFrame, list[dict], str | Path], None]] = {
    "scale_and_timing": scale_and_timing,
    "mer_unibench": mer_unibench,
    "counter_evidence": counter_evidence,
    "gpt4v_sets": gpt4v_sets,
    "gpt4v_answers": gpt4v_answers,
    "people": people,
}


def draw_all(figures: Sequence[str], records: Sequence[str], out: Sequence[str]) -> None:
    """Draw figures by name. ``records`` are the files of the studies that the tier has the data for."""
    results = read_literature("literature")["published_results"]
    rows = [row for path in records for row in read_records(path)]
    for name, path in zip(figures, out, strict=True):
        FIGURES[name](results, rows, path)
