"""Figures of the synthetic data: a script beside its frames, and each perturbation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("pdf")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.events import read_events_csv, read_tubes
from kinesics.structures.vocabulary import LABELS
from kinesics.synthetic.perturbations import PERTURBATIONS, VALUES
from kinesics.synthetic.script import TIMING, strength
from kinesics_paper.article.figures.results import name_lanes, tubes_strip
from kinesics_paper.article.style import TEXT, save, style

#: How many frames the strip has, and how many seconds of the video it shows.
FRAMES, SHOWN_S = 8, 30.0


def strip(video: str, events: str, tubes: str, actions: str, out: str | Path) -> None:
    """Draw a strip of frames of a video with the true boxes in them, and below it the script.

    The script is the strength of each action over time, relative to its label's full movement, with its visible events as
    bars.
    """
    style()
    scripted, truth, boxes = pd.read_csv(actions), read_events_csv(events), read_tubes(tubes)
    end_s = min(probe_video(video).duration_s, SHOWN_S)
    labels = [label for label in LABELS.index if label in set(truth["label"][truth["start_s"] < end_s])]
    persons = sorted(truth["person"].unique())
    figure, (frames, lanes) = plt.subplots(
        2, 1, figsize=(TEXT, 1.0 + 0.17 * len(labels)), height_ratios=[0.85, 0.17 * len(labels)], layout="constrained"
    )
    tubes_strip(frames, video, end_s, truth, boxes, FRAMES)
    grid = np.arange(0, end_s, 0.02)
    step = 0.84 / len(persons)
    for lane, label in enumerate(labels):
        for place, person in enumerate(persons):
            floor = lane + 0.42 - place * step
            visible = truth[(truth["label"] == label) & (truth["person"] == person)]
            spans = visible["start_s"], visible["end_s"]
            lanes.hlines([floor] * len(visible), *spans, color=LABELS["colour"][label], lw=1.4)
            script = scripted[(scripted["label"] == label) & (scripted["person"] == person)]
            heights = strength(script[TIMING], grid) / script[["strength"]].to_numpy()
            for begin_s, rest_s, height in zip(script["begin_s"], script["rest_s"], heights, strict=True):
                near = (grid >= begin_s - 0.05) & (grid <= rest_s + 0.05)
                lanes.fill_between(
                    grid[near],
                    floor,
                    floor - 0.9 * step * height[near],
                    color=LABELS["colour"][label],
                    alpha=0.35,
                    lw=0,
                )
    name_lanes(lanes, labels, end_s)
    save(figure, out)
    plt.close(figure)


def perturbations(
    videos: Sequence[str], rows: Sequence[Mapping[str, Any]], actions: str | Path, out: str | Path
) -> None:
    """Draw a frame of one script at severity 0 and at each severity of each perturbation.

    The frame is that in the middle of a hand's movement to its first gesture.
    ``rows`` are those of ``synthetic.dataset.plan_videos`` for the ``videos``; ``actions`` are those of the first script.
    """
    files = {
        (row["perturbation"], row["severity"]): path
        for row, path in zip(rows, videos, strict=True)
        if row["script"] == 0
    }
    style()
    scripted = pd.read_csv(actions)
    moving = scripted[scripted["label"].str.startswith("hand_") & (scripted["event"] >= 0)].iloc[0]
    time_s = (moving["begin_s"] + moving["apex_s"]) / 2
    severities = sorted({severity for _, severity in files if severity})
    side = TEXT / (len(PERTURBATIONS) + 1)
    figure, panels = plt.subplots(
        len(severities),
        len(PERTURBATIONS) + 1,
        figsize=(TEXT, len(severities) * (0.75 * side + 0.13) + 0.15),
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)
    for panel in panels[:, 0]:
        panel.set_visible(False)
    middle = panels[len(severities) // 2, 0]
    middle.set_visible(True)
    shown = {(0, middle): ("", 0)} | {
        (severity, panels[row, column]): (perturbation, severity)
        for column, perturbation in enumerate(PERTURBATIONS, 1)
        for row, severity in enumerate(severities)
    }
    for (severity, panel), key in shown.items():
        panel.imshow(read_frame_at(files[key], [time_s])[0], interpolation="lanczos")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_visible(False)
        panel.set_xlabel(f"{VALUES[key[0]][severity]:g}" if severity else "severity 0", fontsize=6, labelpad=1)
    for panel, perturbation in zip(panels[0, 1:], PERTURBATIONS, strict=True):
        panel.set_title(perturbation, pad=2, fontsize=7)
    save(figure, out)
    plt.close(figure)
