r"""Every number of the article, once: ``numbers.json`` for tests and readers, ``numbers.tex`` for LaTeX.

In the text ``\N{key}`` prints a number and ``\CI{key}`` a score with its interval; an unknown key stops LaTeX.
"""

import json
from pathlib import Path

import kinesics
from kinesics.structures.tracks import LANDMARKS, read_tracks
from kinesics.structures.vocabulary import LABELS
from kinesics.vlm.event_prompting import RATE_HZ, STEP_S, WINDOW_S
from kinesics.vlm.label_ranking import FRAMES
from kinesics.vlm.prompts import read_prompts
from kinesics_paper.article.latex_numbers import power_of_ten, spread, text
from kinesics_paper.downloads import read_downloads

Numbers = dict[str, float | int | str | None]


def result_numbers(tracks: list[str], released: str | Path, config: dict) -> Numbers:
    """Return {key: value}: the configuration and the clips.

    ``released`` is the comparison of our run of the released gesture network with the package's own.
    """
    numbers = _configuration(config, len(tracks)) | _clips(tracks)
    compared = json.loads(Path(released).read_text(encoding="utf-8"))
    numbers |= {f"released.{key}": value for key, value in compared.items()}
    return numbers | {"released.network": power_of_ten(compared["network"])}


def _configuration(config: dict, clips: int) -> Numbers:
    numbers: Numbers = {
        "version": kinesics.__version__,
        "tier": config["tier"],
        "config.rate": f"{config['rate_hz']:g}",
        "config.max_people": config["max_people"],
        "config.resamples": config["score"]["resamples"],
        "config.block": f"{config['score']['block_s']:g}",
        "clips.count": clips,
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
    return numbers | {f"landmarks.{name}": points for name, (points, _) in LANDMARKS.items()}


def _clips(paths: list[str]) -> Numbers:
    """Return duration, persons and the share of frames with each kind of landmarks of the tracks of each clip."""
    numbers: Numbers = {}
    total = 0.0
    for path in paths:
        tracks = read_tracks(path)
        total += tracks.duration_s
        numbers[f"clip.{tracks.video}.duration"] = text(tracks.duration_s, 1)
        numbers[f"clip.{tracks.video}.persons"] = len(tracks.persons)
        for part in ("face", "pose", "left_hand", "right_hand"):
            frames = len(set(tracks.table.filter(tracks.table[part].is_valid())["frame"].to_pylist()))
            numbers[f"clip.{tracks.video}.{part}"] = frames / tracks.frames if tracks.frames else None
    return numbers | {"clips.minutes": text(total / 60, 1)}


def people_numbers(annotations: str | Path, tracking: str | Path) -> Numbers:
    """Return {key: value} of the annotated clips of all tiers, of the agreement of the passes, and of the tracks' accuracy."""
    result = json.loads(Path(annotations).read_text(encoding="utf-8"))
    numbers: Numbers = {"agreement.groups": result["groups"], "agreement.labels": len(result["agreement"]["labels"])}
    of_tiers = {f"people.{name}": entry for name, entry in result["tiers"].items()}
    for place, entry in ({"people": result["total"]} | of_tiers).items():
        numbers |= {f"{place}.{name}": entry[name] for name in ("clips", "people", "sound")}
        numbers[f"{place}.seconds"] = text(entry["seconds"], 0)
        numbers[f"{place}.minutes"] = text(entry["seconds"] / 60, 1)
    numbers |= {f"{name}.events": count for name, count in result["events"].items()}
    numbers |= {f"adjudicated.{name}": count for name, count in result["adjudicated"].items()}
    numbers |= {f"people.of.{label}": count for label, count in result["people"].items()}
    numbers |= _entries("agreement", result["agreement"])
    for part, entries in json.loads(Path(tracking).read_text(encoding="utf-8")).items():
        of_videos = {f".{video}": entry for video, entry in entries["videos"].items()}
        for name, entry in ({"": entries["all"] or {}} | of_videos).items():
            numbers |= {f"tracking.{part}{name}.{key}": value for key, value in entry.items()}
    return numbers


def synthetic_score_numbers(scores: str | Path) -> Numbers:
    """Return {key: value} of the scores on synthetic data: ``on_stage.<detector>.<metric>``, with interval.

    Those of the perturbations are ``on_stage.<detector>.<perturbation>.<severity>.map``.
    """
    result = json.loads(Path(scores).read_text(encoding="utf-8"))
    numbers: Numbers = {"on_stage.labels": len(result["labels"])}
    for detector, views in result["detectors"].items():
        numbers |= _entries(f"on_stage.{detector}", views["test"]) | _entries(f"on_stage.{detector}.own", views["own"])
        types = views["diagnosis"]["types"]
        for kind, count in types.items():
            key = f"on_stage.{detector}.share.{kind.replace(' ', '_')}"
            numbers[key] = text(100 * count / sum(types.values()), 0) if sum(types.values()) else None
        for perturbation, severities in views.get("perturbations", {}).items():
            for severity, metrics in severities.items():
                numbers[f"on_stage.{detector}.{perturbation}.{severity}.map"] = metrics["map"]["value"]
    return numbers


def _entries(prefix: str, scores: dict) -> Numbers:
    numbers: Numbers = {}
    groups = {prefix: scores["metrics"]} | {f"{prefix}.{label}": entry for label, entry in scores["per_label"].items()}
    for name, metrics in groups.items():
        for metric, entry in metrics.items():
            numbers |= spread(f"{name}.{metric}", entry) | {f"{name}.{metric}.n": entry["n"]}
    return numbers
