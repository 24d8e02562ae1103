"""Figures of the proposal: architecture, budget and learning curves, training losses, and tubes in a real clip."""

import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("pdf")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from kinesics.detectors.registry import find_detector
from kinesics.io.checkpoints import read_checkpoint
from kinesics.media.video import probe_video
from kinesics.structures.events import read_events_csv, read_tubes
from kinesics.structures.vocabulary import LABELS
from kinesics_paper.article.figures.results import name_lanes, tubes_strip
from kinesics_paper.article.style import BLUE, COLUMN, GREEN, GREY, ORANGE, RED, SKY, TEXT, save, style

POLICY_COLOURS = {"uncertain": RED, "uniform": BLUE, "motion": GREEN}
#: The aim of a token budget: this share of the mAP with all queries, with at most that share of the queries.
KEEP, QUERIES = 0.95, 0.15

#: The boxes of the architecture: left and bottom corner, width, height, colour, rows of text. Units are arbitrary.
_BOXES = {
    "video": (0, 1.5, 1.1, 1.4, GREY, ["video", "any length"]),
    "tracks": (1.55, 1.5, 1.5, 1.4, GREY, ["people", "faces, hands,", "poses"]),
    "descriptor": (3.5, 2.9, 1.7, 1.2, BLUE, ["descriptor", "of each person", "and frame"]),
    "policy": (3.5, 1.5, 1.7, 0.9, RED, ["policy: where", "uncertain?"]),
    "encoder": (3.5, 0.0, 1.7, 1.0, ORANGE, ["frozen encoder", "few crops"]),
    "down": (5.9, 2.9, 1.7, 1.2, SKY, ["pyramid", "strides 2 to 16"]),
    "fuse": (5.9, 0.7, 1.7, 1.2, SKY, ["local attention", "to the tokens"]),
    "steps": (8.2, 2.9, 1.6, 1.2, GREEN, ["steps: class,", "start, end,", "quality"]),
    "frames": (8.2, 0.7, 1.6, 1.2, GREEN, ["frames:", "labels that", "are on"]),
    "events": (10.4, 1.6, 1.6, 1.5, GREY, ["soft-NMS,", "calibration,", "tubes"]),
}
#: Arrows between the sides of boxes: from, side, to, side.
_ARROWS = [
    ("video", "r", "tracks", "l"),
    ("tracks", "r", "descriptor", "l"),
    ("tracks", "r", "encoder", "l"),
    ("descriptor", "b", "policy", "t"),
    ("policy", "b", "encoder", "t"),
    ("descriptor", "r", "down", "l"),
    ("encoder", "r", "fuse", "l"),
    ("fuse", "t", "down", "b"),
    ("down", "r", "steps", "l"),
    ("down", "r", "frames", "l"),
    ("steps", "r", "events", "l"),
    ("frames", "r", "events", "l"),
]
_SIDES = {"l": (0, 0.5), "r": (1, 0.5), "t": (0.5, 1), "b": (0.5, 0)}


def architecture(out: str | Path) -> None:
    """Draw the data flow of the proposal, from a video to its events."""
    style()
    figure, axes = plt.subplots(figsize=(TEXT, 2.35))
    for left, bottom, width, height, colour, rows in _BOXES.values():
        axes.add_patch(
            FancyBboxPatch(
                (left, bottom), width, height, "round,pad=0.02,rounding_size=0.12", fc=(colour, 0.14), ec=colour, lw=0.9
            )
        )
        axes.text(left + width / 2, bottom + height / 2, "\n".join(rows), ha="center", va="center", linespacing=1.15)
    for first, a, second, b in _ARROWS:
        ends = []
        for name, side in ((first, a), (second, b)):
            left, bottom, width, height, *_ = _BOXES[name]
            ends.append((left + _SIDES[side][0] * width, bottom + _SIDES[side][1] * height))
        axes.add_patch(
            FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=7, lw=0.8, color="0.25", shrinkA=2.5, shrinkB=2.5)
        )
    axes.set_xlim(-0.1, 12.1)
    axes.set_ylim(-0.15, 4.25)
    axes.set_axis_off()
    save(figure, out)
    plt.close(figure)


def budget(scores: str | Path, out: str | Path) -> None:
    """Draw mAP against the share of the queries, one curve per policy; the band are 95 % intervals of ``uncertain``."""
    style()
    curve = json.loads(Path(scores).read_text(encoding="utf-8"))["curve"]
    figure, axes = plt.subplots(figsize=(COLUMN, 2.3), layout="constrained")
    shares = [row["share"] for row in next(iter(curve.values()))]
    place = np.arange(len(shares))  # shares grow about evenly in steps of a logarithm, but one of them is 0
    for policy, rows in curve.items():
        values = [row["metrics"]["map"]["value"] for row in rows]
        axes.plot(place, values, "o-", color=POLICY_COLOURS[policy], ms=3, lw=1, label=policy)
        if policy == "uncertain":
            # One video alone has no interval.
            low, high = (np.array([row["metrics"]["map"][end] for row in rows], float) for end in ("low", "high"))
            axes.fill_between(place, low, high, color=POLICY_COLOURS[policy], alpha=0.12, lw=0)
    whole = next(iter(curve.values()))[-1]["metrics"]["map"]["value"]
    axes.axhline(KEEP * whole, color="0.5", lw=0.7, ls="--")
    aim = f"{100 * KEEP:g} % of the mAP with all queries"
    axes.annotate(aim, (place[-1], KEEP * whole), (0, -2), textcoords="offset points", ha="right", va="top", fontsize=6)
    axes.set_xticks(place, [f"{100 * share:g}" for share in shares])
    axes.set_xlabel("share of the encoder's queries (%)")
    axes.set_ylabel("mAP")
    figure.legend(ncols=len(curve), loc="outside upper center", columnspacing=1, handlelength=1.5)
    save(figure, out)
    plt.close(figure)


def training(models: list[str], out: str | Path) -> None:
    """Draw the loss of every step of training, relative to the first ten: one panel per detector, one curve per seed."""
    style()
    losses: dict[str, list[np.ndarray]] = {}
    for path in models:
        name = Path(path).parts[-3]
        losses.setdefault(name, []).append(read_checkpoint(path, find_detector(name).name)["curve"])
    figure, panels = plt.subplots(
        1, len(losses), figsize=(TEXT, 1.25), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, (name, curves) in zip(panels[0], losses.items(), strict=True):
        for curve in curves:
            smooth = np.convolve(curve, np.ones(10) / 10, "valid")
            panel.plot(np.arange(len(smooth)), smooth / smooth[0], lw=0.8)
        panel.set_title(name, pad=2)
        panel.set_ylim(0, 1.1)
    panels[0, 0].set_ylabel("loss, relative")
    figure.supxlabel("step", fontsize=8)
    save(figure, out)
    plt.close(figure)


#: Curves of the learning curve: evaluation set, metric, name in the legend, colour and marker.
LEARNING = [
    ("training", "map", "mAP, its training videos", GREY, "s"),
    ("test", "map", "mAP, test videos", RED, "o"),
    ("clips", "f1_50", "event F1, real clips", BLUE, "D"),
]


def learning_curve(scores: list[str], out: str | Path) -> None:
    """Draw the scores of the proposal against the seconds of training video, with 95 % intervals as bands."""
    style()
    rows = by_amount(scores)
    figure, axes = plt.subplots(figsize=(COLUMN, 2.3), layout="constrained")
    seconds = [row["seconds"] for row in rows]
    for part, metric, name, colour, marker in LEARNING:
        entries = [row[part][metric] for row in rows]
        axes.plot(seconds, [entry["value"] for entry in entries], marker=marker, color=colour, ms=3, lw=1, label=name)
        low, high = (np.array([entry[end] for entry in entries], float) for end in ("low", "high"))
        axes.fill_between(seconds, low, high, color=colour, alpha=0.12, lw=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(seconds, [f"{value:.0f}" for value in seconds])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.set_xlabel("training video (s)")
    axes.set_ylabel("mAP, or event F1@0.5")
    figure.legend(ncols=2, loc="outside upper center", columnspacing=1, handlelength=1.5)
    save(figure, out)
    plt.close(figure)


def by_amount(scores: list[str]) -> list[dict]:
    """Return the scores of the learning curve in the order of the number of training videos."""
    return sorted(
        (json.loads(Path(path).read_text(encoding="utf-8")) for path in scores), key=lambda row: row["videos"]
    )


def tubes(video: str, events: str, tubes: str, truth: list[str], out: str | Path, frames: int = 6) -> None:
    """Draw the proposal's tubes in frames of a clip, and below its events as lanes between those of the two annotators."""
    style()
    predictions, boxes = read_events_csv(events), read_tubes(tubes)
    name, end_s = Path(video).stem, probe_video(video).duration_s
    annotators = [table[table["video"] == name] for table in map(read_events_csv, truth)]
    present = {label for table in (predictions, *annotators) for label in table["label"]}
    labels = [label for label in LABELS.index if label in present]
    figure, (strip, lanes) = plt.subplots(
        2, 1, figsize=(TEXT, 1.35 + 0.15 * len(labels)), height_ratios=[1.15, 0.15 * len(labels)], layout="constrained"
    )
    tubes_strip(strip, video, end_s, predictions, boxes, frames)
    for lane, label in enumerate(labels):
        for place, (table, alpha) in enumerate([(annotators[0], 0.35), (predictions, 1.0), (annotators[1], 0.35)]):
            rows = table[table["label"] == label]
            lanes.barh(
                [lane + 0.27 * (place - 1)] * len(rows),
                rows["end_s"] - rows["start_s"],
                0.24,
                rows["start_s"],
                color=LABELS["colour"][label],
                alpha=alpha,
                lw=0,
            )
    name_lanes(lanes, labels, end_s)
    save(figure, out)
    plt.close(figure)
