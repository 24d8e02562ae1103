"""The article's figures and numbers of the stage: what is played, and what the dials do to it."""

from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("pdf")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from kinesics.article.style import GREY, TEXT, save, style
from kinesics.events import read_events, read_tubes
from kinesics.labels import LABELS
from kinesics.stage.script import strength
from kinesics.stage.wildness import DIALS, VALUES
from kinesics.video import facts, frame_at

#: How many frames the strip has.
FRAMES = 8


def strip(video: str, events: str, tubes: str, acts: str, out: str | Path) -> None:
    """Draw a strip of frames of a video with the true boxes in them, and below it the script: the strength of each act
    over time, relative to its label's full movement, with the events that are seen of it as bars."""
    style()
    played, seen, boxes = pd.read_csv(acts), read_events(events), read_tubes(tubes)
    info = facts(video)
    labels = [label for label in LABELS.index if label in set(seen["label"])]
    persons = sorted(seen["person"].unique())
    figure, (film, lanes) = plt.subplots(
        2, 1, figsize=(TEXT, 1.0 + 0.17 * len(labels)), height_ratios=[0.85, 0.17 * len(labels)], layout="constrained"
    )
    _frames(film, video, info, seen, boxes)
    grid = np.arange(0, info.duration_s, 0.02)
    step = 0.84 / len(persons)
    for lane, label in enumerate(labels):
        for place, person in enumerate(persons):
            floor = lane + 0.42 - place * step
            mine = seen[(seen["label"] == label) & (seen["person"] == person)]
            lanes.hlines([floor] * len(mine), mine["start_s"], mine["end_s"], color=LABELS["colour"][label], lw=1.4)
            for _, act in played[(played["label"] == label) & (played["person"] == person)].iterrows():
                near = (grid >= act["begin_s"] - 0.05) & (grid <= act["rest_s"] + 0.05)
                height = np.array([strength(act.to_frame().T, t)[0] for t in grid[near]]) / act["strength"]
                lanes.fill_between(
                    grid[near], floor, floor - 0.9 * step * height, color=LABELS["colour"][label], alpha=0.35, lw=0
                )
        if lane:
            lanes.axhline(lane - 0.5, color="0.9", lw=0.5)
    lanes.set_yticks(range(len(labels)), [label.replace("_", " ") for label in labels])
    lanes.tick_params(axis="y", length=0)
    lanes.set_ylim(len(labels) - 0.5, -0.5)
    lanes.set_xlim(0, info.duration_s)
    lanes.set_xlabel("time (s)", labelpad=1)
    lanes.spines["left"].set_visible(False)
    save(figure, out)
    plt.close(figure)


def _frames(axes: plt.Axes, video: str, info, seen: pd.DataFrame, boxes: pd.DataFrame) -> None:
    """Draw frames from the middle of equal parts of a video, each over its own time, with the boxes of what happens."""
    part = info.duration_s / FRAMES
    times = (np.arange(FRAMES) + 0.5) * part
    for number, (time_s, frame) in enumerate(zip(times, frame_at(video, times.tolist()), strict=True)):
        left, right = number * part, (number + 0.97) * part
        axes.imshow(frame, extent=(left, right, 1, 0), aspect="auto", interpolation="lanczos")
        for box in boxes[(boxes["time_s"] - time_s).abs() < 0.5 / info.rate_hz].itertuples():
            corner = left + box.x0 * (right - left), box.y0
            size = (box.x1 - box.x0) * (right - left), box.y1 - box.y0
            colour = LABELS["colour"][seen["label"][box.event]]
            axes.add_patch(plt.Rectangle(corner, *size, fill=False, edgecolor=colour, lw=0.8))
    axes.set_xlim(0, info.duration_s)
    axes.set_ylim(1, 0)
    axes.set_axis_off()


def dials(videos: dict[tuple[str, int], str], time_s: float, out: str | Path) -> None:
    """Draw the frame at a time of one script at level 0 and at each level of each dial; ``videos``: (dial, level) to file.

    The key of level 0 is ("", 0).
    """
    style()
    levels = sorted({level for _, level in videos if level})
    columns = len(DIALS) // 2
    figure, panels = plt.subplots(
        2 * len(levels), columns + 1, figsize=(TEXT, 2 * len(levels) * TEXT * 0.75 / (columns + 1) + 0.3), layout="constrained"
    )
    for place, dial in enumerate(DIALS):
        band, column = divmod(place, columns)
        for row, level in enumerate(levels):
            panel = panels[band * len(levels) + row, column + 1]
            panel.imshow(frame_at(videos[dial, level], [time_s])[0], interpolation="lanczos")
            panel.set_title(f"{dial} {VALUES[dial][level]:g}", pad=2)
    for panel in panels.flat:
        panel.set_axis_off()
    for band in range(2):
        panel = panels[band * len(levels), 0]
        if band == 0:
            panel.imshow(frame_at(videos["", 0], [time_s])[0], interpolation="lanczos")
            panel.set_title("level 0", pad=2)
        for row, level in enumerate(levels):
            panels[band * len(levels) + row, 0].text(
                1, 0.5, f"level {level}" if band or row else "", transform=panels[band * len(levels) + row, 0].transAxes,
                ha="right", va="center", color=GREY,
            )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)
    save(figure, out)
    plt.close(figure)
