r"""Every number of the article, once: ``numbers.json`` for tests and readers, ``numbers.tex`` for LaTeX.

In the text ``\N{key}`` prints a number and ``\CI{key}`` a score with its interval; an unknown key stops LaTeX.
"""

import json
from pathlib import Path

import kinesics
from kinesics.structures.events import read_events_csv
from kinesics.structures.tracks import LANDMARKS, read_tracks
from kinesics.structures.vocabulary import LABELS
from kinesics.vlm.event_prompting import RATE_HZ, STEP_S, WINDOW_S
from kinesics.vlm.label_ranking import FRAMES
from kinesics.vlm.prompts import read_prompts
from kinesics_paper.article.latex_numbers import power_of_ten, spread, text
from kinesics_paper.downloads import read_downloads


def result_numbers(scores: str | Path, tracks: list[str], truth: list[str], released: str | Path, config: dict) -> dict:
    """Return {key: value}: the configuration, the clips, the coders, and every score with the ends of its interval.

    ``released`` is the comparison of our run of the released gesture network with the package's own.
    """
    numbers: dict[str, float | int | str | None] = {
        "version": kinesics.__version__,
        "tier": config["tier"],
        "config.rate": f"{config['rate_hz']:g}",
        "config.max_people": config["max_people"],
        "config.resamples": config["score"]["resamples"],
        "config.block": f"{config['score']['block_s']:g}",
        "clips.count": len(tracks),
        "labels.count": len(LABELS),
        "sources.count": sum(rows[0]["tier"] == config["tier"] for rows in read_downloads().values()),
    }
    numbers |= {f"ask.batch.{name}": int(row["batch"]) for name, row in read_prompts().items()}
    numbers |= {
        "ask.frames": FRAMES,
        "ask.window": f"{WINDOW_S:g}",
        "ask.step": f"{STEP_S:g}",
        "ask.rate": f"{RATE_HZ:g}",
    }
    for encoder, rate in config["encoders"].items():
        numbers[f"config.rate.{encoder}"] = f"{rate:g}"
    for place, detectors in (("seeds", config["detectors"]), ("stage.seeds", config["synthetic"]["detectors"])):
        numbers |= {f"config.{place}.{detector}": len(seeds) for detector, seeds in detectors.items()}
    numbers["config.seeds.study"] = len(config["synthetic"]["study_seeds"])
    for name, (points, _) in LANDMARKS.items():
        numbers[f"landmarks.{name}"] = points
    total = 0.0
    for path in tracks:
        clip = read_tracks(path)
        total += clip.duration_s
        numbers[f"clip.{clip.video}.duration"] = text(clip.duration_s, 1)
        numbers[f"clip.{clip.video}.persons"] = len(clip.persons)
        for part in ("face", "pose", "left_hand", "right_hand"):
            seen = len(set(clip.table.filter(clip.table[part].is_valid())["frame"].to_pylist()))
            numbers[f"clip.{clip.video}.{part}"] = seen / clip.frames if clip.frames else None
    numbers["clips.minutes"] = text(total / 60, 1)
    for path in truth:
        events = read_events_csv(path)
        numbers[f"{Path(path).stem}.events"] = len(events)
        for video, rows in events.groupby("video"):
            numbers[f"{Path(path).stem}.{video}.events"] = len(rows)
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    numbers["agreement.units"] = result["agreement"]["units"]
    numbers["agreement.labels"] = len(result["agreement"]["labels"])
    _entries(numbers, "agreement", result["agreement"])
    for detector, views in result["detectors"].items():
        for view, scored in views.items():
            numbers[f"{detector}.{view}.labels"] = len(scored["labels"])
            numbers[f"{detector}.{view}.predicted"] = scored["n_predicted"]
            _entries(numbers, f"{detector}.{view}", scored)
    compared = json.loads(Path(released).read_text(encoding="utf-8"))
    numbers |= {f"released.{key}": value for key, value in compared.items()}
    numbers["released.network"] = power_of_ten(compared["network"])
    return numbers


def synthetic_score_numbers(scores: str | Path) -> dict:
    """Return {key: value} of the scores on synthetic videos: ``on_stage.<detector>.<metric>``, with intervals."""
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    numbers: dict[str, float | int | str | None] = {"on_stage.labels": len(result["labels"])}
    for detector, views in result["detectors"].items():
        _entries(numbers, f"on_stage.{detector}", views["test"])
        _entries(numbers, f"on_stage.{detector}.own", views["own"])
        types = views["diagnosis"]["types"]
        for kind, count in types.items():
            key = f"on_stage.{detector}.share.{kind.replace(' ', '_')}"
            numbers[key] = text(100 * count / sum(types.values()), 0) if sum(types.values()) else None
        for perturbation, severities in views.get("perturbations", {}).items():
            for severity, metrics in severities.items():
                numbers[f"on_stage.{detector}.{perturbation}.{severity}.map"] = metrics["map"]["value"]
    return numbers


def _entries(numbers: dict, prefix: str, scored: dict) -> None:
    groups = {prefix: scored["metrics"]} | {f"{prefix}.{label}": entry for label, entry in scored["per_label"].items()}
    for name, metrics in groups.items():
        for metric, entry in metrics.items():
            numbers |= spread(f"{name}.{metric}", entry) | {f"{name}.{metric}.n": entry["n"]}
