"""The figure of the comparison on people left out: each person, and the paired differences."""

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from kinesics_paper.article.style import BLUE, GREY, ORANGE, RED, TEXT, figure, save

SHOWN = {"agreement": (GREY, "D"), "ranked": (RED, "o"), "rules": (BLUE, "s"), "logistic": (ORANGE, "^")}
NAMES = {"agreement": "pass A against B", "logistic": "logistic, all"}


def people(comparison: str | Path, ablations: str | Path, out: str | Path) -> None:
    """Draw the F1 of each person by detector, the sorted differences of the contrasts, and the learning curve."""
    result = json.loads(Path(comparison).read_text(encoding="utf-8"))
    detectors = {name: np.array(result["detectors"][name]["people"]) for name in SHOWN if name in result["detectors"]}
    order = np.argsort(-detectors["ranked"], kind="stable")
    contrasts = result["contrasts"]
    page, axes = figure(TEXT, 2.5, 1, 2 + len(contrasts), width_ratios=[2.6, *[0.9] * len(contrasts), 1.2])
    panel = axes[0, 0]
    place = np.arange(len(order))
    for name, values in detectors.items():
        colour, marker = SHOWN[name]
        panel.plot(place, values[order], marker, color=colour, ms=3, mew=0.5, alpha=0.85, label=NAMES.get(name, name))
    panel.set_xticks(place, [result["people"][k].replace("_", " ")[:14] for k in order], rotation=90, fontsize=5)
    panel.set_ylim(-0.03, 1.03)
    panel.set_ylabel("event F1 at tIoU 0.5")
    panel.legend(ncols=2, loc="lower left", fontsize=6)
    for panel, (name, entry) in zip(axes[0, 1:-1], contrasts.items(), strict=True):
        first, second = (np.array(result["detectors"][part]["people"]) for part in name.split(" - "))
        difference = np.sort(first - second)[::-1]
        colours = [RED if value > 0 else BLUE if value < 0 else GREY for value in difference]
        panel.bar(np.arange(len(difference)), difference, color=colours, width=0.8)
        panel.axhline(entry["value"], color="black", lw=0.8, ls="--")
        panel.axhspan(entry["low"], entry["high"], color="black", alpha=0.12, lw=0)
        panel.set_ylim(-1.03, 1.03)
        panel.set_title(name.replace(" - ", " \N{MINUS SIGN} "), fontsize=7)
        panel.set_xticks([])
        panel.set_xlabel("people")
    _draw_curve(axes[0, -1], json.loads(Path(ablations).read_text(encoding="utf-8"))["curve"])
    axes[0, 1].set_ylabel("difference in F1")
    save(page, out)


def _draw_curve(axes: Axes, points: list[dict[str, float]]) -> None:
    """Draw F1 against the number of groups of people that were learned from."""
    groups = [point["groups"] for point in points]
    for name in ("ranked", "rules"):
        colour, marker = SHOWN[name]
        axes.plot(groups, [point[name] for point in points], marker=marker, color=colour, ms=3, lw=1, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(groups, [str(group) for group in groups], fontsize=6)
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("groups learned from")
    axes.set_title("learning curve", fontsize=7)
    axes.legend(loc="lower right", fontsize=6)
