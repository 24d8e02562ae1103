"""Numbers of the studies: synthetic data, foundation encoders, the proposal, and the folds of open data."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kinesics.encoders.registry import ENCODERS
from kinesics.encoders.videollama3 import CHANGED
from kinesics.structures.events import read_events_csv
from kinesics.synthetic.perturbations import PERTURBATIONS, VALUES
from kinesics.synthetic.rig import FACE_ACTIONS
from kinesics.synthetic.speech import SENTENCES
from kinesics_paper.article.figures.foundation import NOISE, THRESHOLDS
from kinesics_paper.article.figures.proposal import KEEP, LEARNING, QUERIES, by_amount
from kinesics_paper.article.latex import escape
from kinesics_paper.article.latex_numbers import reverse_sign, spread, text
from kinesics_paper.article.tables.cross_validation import METRICS, read_scores


def synthetic_numbers(
    videos: str | Path, truth: str | Path, utterances: list[str], realism: str | Path, config: dict
) -> dict[str, float | int | str]:
    """Return {key: value} for the article: what the stage holds, and how real it is.

    ``utterances`` is a file a video, ``realism`` of ``evaluation.realism``, ``config`` the section of the configuration.
    """
    played, events = pd.read_csv(videos, keep_default_na=False), read_events_csv(truth)
    spoken = pd.concat(map(pd.read_csv, utterances), ignore_index=True)
    spoken = spoken[spoken["video"].isin(played["video"][played["split"] != "perturbed"])]
    emotional = spoken[spoken["emotion"] != "neutral"]
    seconds = played["duration_s"].sum()
    out: dict[str, float | int | str] = {
        "stage.videos": len(played),
        "stage.minutes": f"{seconds / 60:.0f}",
        "stage.events": len(events),
        "stage.size": f"{config['width']}\\,$\\times$\\,{config['height']}",
        "stage.rate": f"{config['rate_hz']:g}",
        "stage.lines": len(spoken),
        "stage.emotional": len(emotional),
        "stage.congruent": int(emotional["congruent"].sum()),
        "stage.sentences": len(SENTENCES),
        "stage.perturbations": len(PERTURBATIONS),
        "stage.severities": max(max(severities) for severities in VALUES.values()),
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


def foundation_numbers(shares: str | Path, areas: str | Path) -> dict[str, int | str]:
    """Return {key: value} for the article: the encoders there are, the tokens kept, how well the patches tell a hand."""
    kept_of = json.loads(Path(shares).read_text(encoding="utf-8"))
    out: dict[str, int | str] = {
        "encoders.count": len(ENCODERS),
        "encoders.placed": sum("/" in row["weights"] for row in ENCODERS.values()),
        "pruner.threshold": f"{CHANGED:g}",
    }
    for clip, curves in kept_of.items():
        for threshold, line in zip(THRESHOLDS, curves, strict=True):
            for noise, share in zip(NOISE, line, strict=True):
                out[f"pruner.{clip}.{threshold:g}.{noise:g}"] = f"{100 * share:.0f}"
    found = json.loads(Path(areas).read_text(encoding="utf-8"))
    return out | {"hand_patches.lowest": f"{min(found[1:]):.2f}", "hand_patches.highest": f"{max(found[1:]):.2f}"}


def proposal_numbers(
    budget: str | Path, ablations: list[str], learning: list[str], on_stage: str | Path
) -> dict[str, float | int | str | None]:
    """Return {key: value} for the article: the budget and learning curves, the parts, and how the proposal does against each
    baseline."""
    curves = json.loads(Path(budget).read_text(encoding="utf-8"))
    out: dict[str, float | int | str | None] = {"budget.calls": next(iter(curves["curve"].values()))[-1]["of"]}
    out |= {"budget.keep": f"{100 * KEEP:g}", "budget.aim": f"{100 * QUERIES:g}"}
    for policy, rows in curves["curve"].items():
        for row in rows:
            key = f"budget.{policy}.{100 * row['share']:g}"
            out |= spread(key, row["metrics"]["map"])
            out[f"{key}.kept"] = text(100 * row["kept"], 0) if row["kept"] is not None else None
    few = [row for row in curves["curve"]["uncertain"] if 0 < row["share"] <= QUERIES]
    out["budget.met"] = "met" if max((row["kept"] or 0 for row in few), default=0) >= KEEP else "missed"
    kept = [row["kept"] for rows in curves["curve"].values() for row in rows if row["kept"] is not None]
    out["budget.least"] = text(math.floor(1000 * min(kept)) / 10, 1) if kept else None  # "at least": never rounded up
    for row in curves["against_uniform"]:
        out |= spread(f"budget.gain.{100 * row['share']:g}", row["metrics"]["map"])
    for path in ablations:
        one = json.loads(Path(path).read_text(encoding="utf-8"))
        out[f"ablation.{one['variant']}.map"] = one["metrics"]["map"]["value"]
        if "difference" in one:
            out |= spread(f"ablation.{one['variant']}", one["difference"]["map"])
        out |= {f"ablation.{one['variant']}.ece.{when}": value for when, value in one["ece"].items()}
    rows = by_amount(learning)
    for name, row in {"least": rows[0], "fewer": rows[-min(2, len(rows))], "all": rows[-1]}.items():
        out[f"learning.{name}.seconds"] = text(row["seconds"], 0)
        for part, metric, *_ in LEARNING:
            out |= spread(f"learning.{name}.{part}", row[part][metric])
    tests = json.loads(Path(on_stage).read_text(encoding="utf-8"))["tests"]["map"]
    for name, entry in tests.items():
        out |= spread(f"gain.{name}", reverse_sign(entry)) | {f"gain.{name}.p": text(entry["p_holm"], 3)}
    out["gain.strongest"] = escape(max(tests, key=lambda name: tests[name]["value"]))  # the others less the proposal
    surpassed = [name for name, entry in tests.items() if entry["high"] is not None and entry["high"] < 0]
    return out | {"gain.count": len(tests), "gain.surpassed": len(surpassed)}


def cross_validation_numbers(scores: Sequence[str | Path]) -> dict[str, float | int | str | None]:
    """Return {key: value} for the article, nothing without scores.

    ``open.<data set>.<detector>.<metric>`` with its interval; ``open.<data set>.best``, the baseline of the highest mAP, and
    ``.gain``, what the proposal has more; ``open.above`` and ``open.below``, how often that interval leaves zero out.
    """
    out: dict[str, float | int | str | None] = {}
    signs = []
    for path in sorted(scores):
        result, key = read_scores(path), f"open.{Path(path).stem}"
        reference = result["reference"]
        for name, scored in result["detectors"].items():
            for metric in METRICS:
                out |= spread(f"{key}.{name}.{metric}", scored["metrics"][metric])
        others = {name: scored["metrics"]["map"] for name, scored in result["detectors"].items() if name != reference}
        best = max(others, key=lambda name: others[name]["value"])
        entry = result["tests"]["map"][best]
        gain = reverse_sign(entry)
        if gain["low"] is not None:
            signs.append((gain["low"] > 0) - (gain["high"] < 0))
        out |= {f"{key}.best": escape(best), **spread(f"{key}.gain", gain)}
        out[f"{key}.gain.p"] = text(entry["p_holm"], 3)
        out |= {f"{key}.{name}": result[name] for name in ("videos", "folds", "units")}
        out |= {f"{key}.labels": len(result["labels"]), f"{key}.rate": f"{result['rate_hz']:g}"}
        out[f"{key}.left_out"] = ", ".join(escape(label) for label in result["left_out"]) or "none"
        out |= {f"open.{name}": f"{value:g}" for name, value in result["options"].items()}
        out |= {"open.seeds": result["seeds"], "open.validation": f"{100 * result['validation']:g}"}
    if out:
        out |= {"open.sets": len(scores), "open.above": signs.count(1), "open.below": signs.count(-1)}
    return out
