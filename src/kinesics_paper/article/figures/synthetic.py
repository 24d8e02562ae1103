"""The article's figures and numbers of the stage: what is played, and what the dials do to it."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("pdf")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from kinesics.io.files import write_text
from kinesics.media.video import probe_video, read_frame_at
from kinesics.structures.events import read_events_csv, read_tubes
from kinesics.structures.vocabulary import LABELS
from kinesics.synthetic.perturbations import PERTURBATIONS, VALUES
from kinesics.synthetic.rig import FACE_ACTIONS
from kinesics.synthetic.script import TIMING, strength
from kinesics.synthetic.speech import SENTENCES
from kinesics_paper.article.figures.results import name_lanes, tubes_strip
from kinesics_paper.article.latex import escape, table
from kinesics_paper.article.latex_numbers import text
from kinesics_paper.article.style import TEXT, save, style

#: How many frames the strip has, and how many seconds of the video it shows.
FRAMES, SHOWN_S = 8, 30.0


def strip(video: str, events: str, tubes: str, acts: str, out: str | Path) -> None:
    """Draw a strip of frames of a video with the true boxes in them, and below it the script: the strength of each act
    over time, relative to its label's full movement, with the events that are seen of it as bars."""
    style()
    played, seen, boxes = pd.read_csv(acts), read_events_csv(events), read_tubes(tubes)
    end_s = min(probe_video(video).duration_s, SHOWN_S)
    labels = [label for label in LABELS.index if label in set(seen["label"][seen["start_s"] < end_s])]
    persons = sorted(seen["person"].unique())
    figure, (film, lanes) = plt.subplots(
        2, 1, figsize=(TEXT, 1.0 + 0.17 * len(labels)), height_ratios=[0.85, 0.17 * len(labels)], layout="constrained"
    )
    tubes_strip(film, video, end_s, seen, boxes, FRAMES)
    grid = np.arange(0, end_s, 0.02)
    step = 0.84 / len(persons)
    for lane, label in enumerate(labels):
        for place, person in enumerate(persons):
            floor = lane + 0.42 - place * step
            mine = seen[(seen["label"] == label) & (seen["person"] == person)]
            lanes.hlines([floor] * len(mine), mine["start_s"], mine["end_s"], color=LABELS["colour"][label], lw=1.4)
            script = played[(played["label"] == label) & (played["person"] == person)]
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


def dials(videos: dict[tuple[str, int], str], acts: str | Path, out: str | Path) -> None:
    """Draw a frame of one script at level 0 and at each level of each dial, while a hand moves to its first gesture.

    ``videos`` has the file of each (dial, level), that of level 0 under ("", 0); ``acts`` are those of any of them.
    """
    style()
    played = pd.read_csv(acts)
    moving = played[played["label"].str.startswith("hand_") & (played["event"] >= 0)].iloc[0]
    time_s = (moving["begin_s"] + moving["apex_s"]) / 2
    levels = sorted({level for _, level in videos if level})
    side = TEXT / (len(PERTURBATIONS) + 1)
    figure, panels = plt.subplots(
        len(levels),
        len(PERTURBATIONS) + 1,
        figsize=(TEXT, len(levels) * (0.75 * side + 0.13) + 0.15),
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.01)
    for panel in panels[:, 0]:
        panel.set_visible(False)
    middle = panels[len(levels) // 2, 0]
    middle.set_visible(True)
    shown = {(0, middle): ("", 0)} | {
        (level, panels[row, column]): (dial, level)
        for column, dial in enumerate(PERTURBATIONS, 1)
        for row, level in enumerate(levels)
    }
    for (level, panel), key in shown.items():
        panel.imshow(read_frame_at(videos[key], [time_s])[0], interpolation="lanczos")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_visible(False)
        panel.set_xlabel(f"{VALUES[key[0]][level]:g}" if level else "level 0", fontsize=6, labelpad=1)
    for panel, dial in zip(panels[0, 1:], PERTURBATIONS, strict=True):
        panel.set_title(dial, pad=2, fontsize=7)
    save(figure, out)
    plt.close(figure)


def expressions(realism: str | Path, out: str | Path) -> None:
    """Write the table of what the expression network says at the apex of each display: per cent of the faces asked."""
    answers = pd.DataFrame(json.loads(Path(realism).read_text(encoding="utf-8"))["expressions"])
    shown = [label for label in [*LABELS.index, "neutral"] if label in set(answers["display"])]
    said = list(dict.fromkeys(answers["said"]))
    rows = []
    for display in shown:
        own = answers[answers["display"] == display].set_index("said")
        share = (100 * own["times"] / own["faces"]).map("{:.0f}".format)
        rows.append(
            [rf"\what{{{escape(display)}}}", str(own["faces"].iloc[0])]
            + [rf"\textbf{{{share[label]}}}" if label == display else share[label] for label in said]
        )
    write_text(out, table("lr" + "r" * len(said), ["display", "faces", *map(escape, said)], rows))


def numbers(
    videos: str | Path, truth: str | Path, lines: list[str], realism: str | Path, config: dict
) -> dict[str, float | int | str]:
    """Return {key: value} for the article: what the stage holds, and how real it is.

    ``lines`` is a file a video, ``realism`` of ``evaluation.realism``, ``config`` the section of the configuration.
    """
    played, events = pd.read_csv(videos, keep_default_na=False), read_events_csv(truth)
    said = pd.concat(map(pd.read_csv, lines), ignore_index=True)
    said = said[said["video"].isin(played["video"][played["split"] != "dials"])]
    emotional = said[said["emotion"] != "neutral"]
    seconds = played["duration_s"].sum()
    out: dict[str, float | int | str] = {
        "stage.videos": len(played),
        "stage.minutes": f"{seconds / 60:.0f}",
        "stage.events": len(events),
        "stage.size": f"{config['width']}\\,$\\times$\\,{config['height']}",
        "stage.rate": f"{config['rate_hz']:g}",
        "stage.lines": len(said),
        "stage.emotional": len(emotional),
        "stage.congruent": int(emotional["congruent"].sum()),
        "stage.sentences": len(SENTENCES),
        "stage.dials": len(PERTURBATIONS),
        "stage.levels": max(max(levels) for levels in VALUES.values()),
        "stage.actions": len(FACE_ACTIONS),
    }
    for split, mine in played.groupby("split"):
        out[f"stage.{split}.videos"] = len(mine)
        out[f"stage.{split}.scripts"] = mine["script"].nunique()
        out[f"stage.{split}.duration"] = f"{mine['duration_s'].iloc[0]:g}"
        out[f"stage.{split}.events"] = int(events["video"].isin(mine["video"]).sum())
    real = json.loads(Path(realism).read_text(encoding="utf-8"))
    found = next(row for row in real["detection"] if row["shot"] == "all")
    out |= {"real.faces": found["faces"], "real.found": text(100 * found["rate"], 1)}
    off = next(row for row in real["landmarks"] if row["shot"] == "all" and row["points"] == "all")
    out |= {"real.error": text(100 * off["mean"], 1), "real.error_px": text(off["mean_px"], 1)}
    return out
