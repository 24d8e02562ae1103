"""The article's figures of its own results, drawn from files of the workflow."""

import itertools
import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("pdf")
import matplotlib.pyplot as plt

from kinesics.media.video import probe_video, read_frame_at
from kinesics.metrics.diagnosis import BUCKETS, TYPES
from kinesics.structures.events import read_events_csv
from kinesics.structures.vocabulary import LABELS
from kinesics_paper.article.latex_numbers import detectors
from kinesics_paper.article.style import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, TEXT, save, style

#: The colour of each annotator and detector.
COLOURS = {
    "pass A": BLACK,
    "pass B": GREY,
    "rules": BLUE,
    "envision": ORANGE,
    "probe": GREEN,
    "chance": PINK,
    "linear": "#8E63B0",
    "budgeted": RED,
}
#: The colour of each type of prediction: from correct to farthest from it, and none a detector's.
KIND_COLOURS = dict(
    zip(TYPES, ["0.35", *map(tuple, matplotlib.colormaps["YlOrBr_r"]([0.0, 0.2, 0.4, 0.6, 0.8]))], strict=True)
)
METRIC_NAMES = {"map": "mAP", "tube_map": "video mAP", "f1_50": "event F1 at tIoU 0.5", "f1_30": "event F1 at tIoU 0.3"}


def timelines(
    clips: list[str], media: list[str], truth: list[str], events: dict[str, list[str]], out: str | Path
) -> None:
    """Draw each clip: a strip of frames, and below it, label by label, the events of both annotators and of each detector.

    ``media`` and every list of ``events`` (detector: files) are in the order of ``clips``; ``truth`` is one file per
    annotator.
    """
    style()
    annotators = dict(zip(["pass A", "pass B"], (read_events_csv(path) for path in truth), strict=True))
    drawn = []
    for number, clip in enumerate(clips):
        tables = {name: table[table["video"] == clip] for name, table in annotators.items()}
        tables |= {name: read_events_csv(paths[number]) for name, paths in events.items()}
        drawn.append(tables)
    lanes = [
        [label for label in LABELS.index if any((table["label"] == label).any() for table in tables.values())]
        for tables in drawn
    ]
    heights = [ratio for clip_lanes in lanes for ratio in (2.6, 0.9 * len(clip_lanes), 2.0)][:-1]
    figure = plt.figure(figsize=(TEXT, 0.30 * sum(heights)))
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=0.02)
    for number, clip in enumerate(clips):
        duration = probe_video(media[number]).duration_s
        strip = figure.add_subplot(grid[3 * number])
        _draw_frames(strip, media[number], duration)
        strip.set_title(clip.replace("_", " "), loc="left", fontweight="bold", pad=3)
        lane = figure.add_subplot(grid[3 * number + 1])
        draw_lanes(lane, drawn[number], lanes[number], duration)
    handles = [plt.Line2D([], [], color=COLOURS[name], lw=3, label=name) for name in drawn[0]]
    figure.axes[0].legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1.24),
        ncol=len(handles),
        frameon=False,
        borderaxespad=0,
        columnspacing=1.2,
        handlelength=1.4,
    )
    save(figure, out)
    plt.close(figure)


def _draw_frames(axes: plt.Axes, path: str, duration: float, count: int = 9) -> None:
    times = (np.arange(count) + 0.5) * duration / count
    frames = read_frame_at(path, times.tolist())
    height, width = frames[0].shape[:2]
    axes.set_xlim(0, duration)
    axes.set_ylim(0, 1)
    # Each frame stands over its own time; it is cropped about its middle to the width available there.
    box = axes.get_window_extent()
    share = (box.width / count) / box.height
    keep = min(int(share * height), width)
    left = (width - keep) // 2
    for number, frame in enumerate(frames):
        extent = (number * duration / count, (number + 0.96) * duration / count, 0, 1)
        axes.imshow(frame[:, left : left + keep], extent=extent, aspect="auto", interpolation="lanczos")
    axes.set_axis_off()


def draw_lanes(axes: plt.Axes, tables: dict[str, pd.DataFrame], labels: list[str], duration: float) -> None:
    """Draw the events of each table (a key of COLOURS) as bars over time: one lane per label, one row per table."""
    step = 0.86 / len(tables)
    for row, label in enumerate(labels):
        for number, (name, table) in enumerate(tables.items()):
            for event in table[table["label"] == label].itertuples():
                axes.barh(
                    row + (number + 0.5) * step - 0.43,
                    event.end_s - event.start_s,
                    0.88 * step,
                    event.start_s,
                    color=COLOURS[name],
                    lw=0,
                )
    name_lanes(axes, labels, duration)


def name_lanes(axes: plt.Axes, labels: list[str], duration: float) -> None:
    """Name lanes 0, 1, ... after labels, the first on top, with rules between them, over a time in seconds."""
    for row in range(1, len(labels)):
        axes.axhline(row - 0.5, color="0.9", lw=0.5)
    axes.set_yticks(range(len(labels)), [label.replace("_", " ") for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, duration)
    axes.set_xlabel("time (s)", labelpad=1)
    axes.spines["left"].set_visible(False)


def tubes_strip(
    axes: plt.Axes, video: str, end_s: float, events: pd.DataFrame, boxes: pd.DataFrame, count: int
) -> None:
    """Draw frames from the middle of equal parts of a video, each over its own time, with the boxes of the events."""
    part = end_s / count
    times = (np.arange(count) + 0.5) * part
    if len(stamps := np.sort(boxes["time_s"].unique())):
        times = stamps[np.searchsorted(stamps, times).clip(max=len(stamps) - 1)]
    for number, (time_s, frame) in enumerate(zip(times, read_frame_at(video, times.tolist()), strict=True)):
        left, width = number * part, 0.97 * part
        axes.imshow(frame, extent=(left, left + width, 1, 0), aspect="auto", interpolation="lanczos")
        for box in boxes[boxes["time_s"] == time_s].itertuples():
            size = (box.x1 - box.x0) * width, box.y1 - box.y0
            colour = LABELS["colour"][events["label"][box.event]]
            axes.add_patch(plt.Rectangle((left + box.x0 * width, box.y0), *size, fill=False, edgecolor=colour, lw=0.8))
    axes.set_xlim(0, end_s)
    axes.set_ylim(1, 0)
    axes.set_axis_off()


def diagnosis(scores: str | Path, shown: list[str], out: str | Path) -> None:
    """Draw the types of each detector's predictions, and of those ``shown`` the share of true events missed by length.

    On the synthetic test split. Left: the types of predictions in shares of all that were kept; middle: how much mAP would
    gain without the errors of a type; right: missed events by length, with the number of true events.
    """
    style()
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    diagnoses = {name: result["detectors"][name]["diagnosis"] for name in detectors(result)}
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(TEXT, 0.9 + 0.17 * len(diagnoses)), width_ratios=[1.5, 1, 1.1], layout="constrained"
    )
    _draw_types(left, middle, diagnoses)
    _draw_missed(right, {name: diagnoses[name] for name in shown})
    figure.legend(*left.get_legend_handles_labels(), ncols=len(TYPES), loc="outside upper left", columnspacing=1.0)
    right.legend(loc="lower left", bbox_to_anchor=(1.0, 0.0), handlelength=1.2)
    save(figure, out)
    plt.close(figure)


def _draw_types(left: plt.Axes, middle: plt.Axes, diagnoses: dict[str, dict]) -> None:
    """Draw the shares of the types of predictions, and the mAP gained without each type of error."""
    names = list(diagnoses)
    place = np.arange(len(names))
    shift = (np.arange(len(TYPES) - 1) - (len(TYPES) - 2) / 2) * 0.15
    start = np.zeros(len(names))
    for number, kind in enumerate(TYPES):
        types = [diagnoses[name]["types"] for name in names]
        share = np.array([counts[kind] / max(sum(counts.values()), 1) for counts in types])
        left.barh(place, 100 * share, 0.7, 100 * start, color=KIND_COLOURS[kind], label=kind, lw=0)
        start += share
        if number:
            gain = [100 * (diagnoses[name]["impact"][kind] or 0) for name in names]
            middle.barh(place + shift[number - 1], gain, 0.14, color=KIND_COLOURS[kind], lw=0)
    for axis in (left, middle):
        axis.set_yticks(place, names if axis is left else [])
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.tick_params(axis="y", length=0)
    left.set_xlim(0, 100)
    left.set_xlabel("predictions (%)")
    middle.set_xlabel("mAP gained without (points)")


def _draw_missed(axis: plt.Axes, diagnoses: dict[str, dict]) -> None:
    """Draw the share of missed events by length."""
    edges, keys = BUCKETS["length"]
    buckets = {}
    for name, diagnosed in diagnoses.items():
        by_length = diagnosed["sensitivity"]["length"]
        buckets[name] = {key: by_length[key] for key in keys if by_length[key]["n"]}
    for name, entries in buckets.items():
        missed = [100 * entry["missed"] for entry in entries.values()]
        axis.plot(list(entries), missed, "o-", color=COLOURS.get(name, GREY), ms=3, lw=1, label=name, clip_on=False)
    counts = next(iter(buckets.values()))
    spans = [f"{low:g}\u2013{high:g}" if np.isfinite(high) else f"> {low:g}" for low, high in itertools.pairwise(edges)]
    seconds = dict(zip(keys, spans, strict=True))
    axis.set_xticks(range(len(counts)), [f"{seconds[key]}\n({entry['n']:g})" for key, entry in counts.items()])
    axis.set_xlabel("length in seconds (true events)")
    axis.set_ylabel("missed (%)")
    axis.set_ylim(0, 100)


def perturbations(scores: str | Path, shown: list[str], out: str | Path, metric: str = "map") -> None:
    """Draw the metric of each detector that is ``shown`` against the severity, one panel per perturbation.

    The bands are 95 % intervals.
    """
    style()
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    of_detector = {name: result["detectors"][name]["perturbations"] for name in shown}
    names = list(next(iter(of_detector.values())))
    columns = min(len(names), 4)
    rows = -(-len(names) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(TEXT, 0.5 + 1.25 * rows), sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for panel, perturbation in zip(panels.flat, names, strict=False):
        for name, of_perturbation in of_detector.items():
            severities = {int(severity): entry[metric] for severity, entry in of_perturbation[perturbation].items()}
            defined = {severity: entry for severity, entry in severities.items() if entry["value"] is not None}
            colour = COLOURS.get(name, GREY)
            panel.plot(
                list(defined),
                [entry["value"] for entry in defined.values()],
                "o-",
                color=colour,
                ms=2.5,
                lw=1,
                label=name,
            )
            banded = {severity: entry for severity, entry in defined.items() if entry["low"] is not None}
            low, high = ([entry[end] for entry in banded.values()] for end in ("low", "high"))
            panel.fill_between(list(banded), low, high, color=colour, alpha=0.15, lw=0)
        panel.set_title(perturbation.replace("_", " "), pad=2)
        panel.set_xticks(sorted(severities))
    panels[0, 0].set_ylim(bottom=0)  # of all panels, once all curves are there
    for panel in panels.flat[len(names) :]:
        panel.set_visible(False)
    figure.supxlabel("severity", fontsize=8)
    figure.supylabel(METRIC_NAMES.get(metric, metric), fontsize=8)
    figure.legend(*panels.flat[0].get_legend_handles_labels(), ncols=len(of_detector), loc="outside upper left")
    save(figure, out)
    plt.close(figure)
