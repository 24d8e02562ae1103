"""What the full tier will cost before it runs: GPU hours, processor hours and disk, a corpus and an encoder at a time.

    crops     = hours of video x crops a second x people on screen x kinds of crops
    GPU hours = the longer of: crops / rate of the encoder, frames / rate of the decoder (a job holds its GPU while it waits)
    CPU hours = sampled frames / rate of the tracker
    disk      = the corpus + a row of tracks a sampled frame and person + 4 bytes a number of the features

Lengths come from ``corpora.csv``, rates from ``rates.csv``; both name their sources. Where a network has no published rate,
that of a transformer of its size is scaled by parameters times tokens, the work of all but the attention between tokens.
"""

import argparse
import sys
from pathlib import Path

import yaml

from kinesics.encoders.registry import ENCODERS, check_encoder
from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import check, read_table, read_yaml, schema
from kinesics_paper.datasets.base import BENCHMARKS, benchmark_row, shard_count

#: Of the project's folder, in which the workflow runs.
CONFIG, SCHEMA = Path("config"), Path("workflow/schemas/config.yaml")
RATES = {
    one["name"]: one
    for one in read_table(package_file("kinesics_paper", "compute_plan.csv"), schema("compute_plan", "kinesics_paper"))
}

FRAMES_HZ = 30.0  # of the videos; decoding reads every frame
TRACK_BYTES = 9100  # a row of tracks: the embedded tier's 18.3 MB of franck, 200 s at 10 Hz
#: A job is given so many times the planned time, and so many minutes to start.
SLACK, START_MIN = 3.0, 15.0


def read_config(tier: str, folder: Path = CONFIG) -> dict:
    """Return the configuration of a tier. Raises KinesicsError naming the tiers, or the key that does not fit."""
    tiers = {"embedded": None} | {path.stem: path for path in sorted(folder.glob("*.yaml")) if path.stem != "config"}
    if tier not in tiers:
        raise KinesicsError(f"{tier!r} is not a tier. The tiers are {', '.join(tiers)}.")
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    if tiers[tier]:
        config = _laid_over(config, yaml.safe_load(tiers[tier].read_text(encoding="utf-8")))
    check(config, read_yaml(SCHEMA), f"config/{tiers[tier].name if tiers[tier] else 'config.yaml'}")
    return config


def _laid_over(config: dict, over: dict) -> dict:
    """Return the configuration with another laid over it, as Snakemake does: key by key, also inside."""
    both = {
        key: _laid_over(config[key], over[key]) for key in config.keys() & over.keys() if isinstance(over[key], dict)
    }
    return config | over | both


def per_second(name: str) -> float:
    """Return crops a second of an encoder (or pictures of a step). Raises KinesicsError for one without a rate."""
    if name not in RATES:
        known = ", ".join(one for one in RATES if one in ENCODERS)
        raise KinesicsError(
            f"{name!r} has no rate, so its time is not known; give a row to src/kinesics_paper/compute_plan.csv, "
            f"or take some of {known}"
        )
    mine = RATES[name]
    if mine["per_s"]:
        return float(mine["per_s"])
    like = RATES[mine["like"]]
    work, known = (_parameters(one) * float(one["tokens"]) for one in (mine, like))
    return float(like["per_s"]) * known / work


def _parameters(rate: dict[str, str]) -> float:
    """Return the parameters, in millions, of a network with a rate: an encoder's stand in its own table."""
    return float(rate["parameters"] or ENCODERS[rate["name"]]["parameters"])


def encoders(corpus: str, block: dict) -> dict[str, float]:
    """Return the encoders of a configuration's corpora that suit one, with their crops a second: faces need tracks."""
    faces_only = {name for name in block["encoders"] if name in RATES and RATES[name]["crops"] == "1"}
    skipped = faces_only if benchmark_row(corpus)["see"] == "frame" else ()
    return {name: crops_hz for name, crops_hz in block["encoders"].items() if name not in skipped}


def cost(corpus: str, encoder: str, crops_hz: float) -> dict[str, float]:
    """Return ``gpu_hours``, ``cpu_hours`` and ``disk_gb`` (of the features) of an encoder on a corpus."""
    had, rate = benchmark_row(corpus), per_second(encoder)
    kinds = 1 if had["see"] == "frame" else int(RATES[encoder]["crops"])
    hours = float(had["hours"])
    crops = hours * 3600 * crops_hz * float(had["people"]) * kinds
    encode = max(crops / rate / 3600, hours * FRAMES_HZ / per_second("decode"))
    on_gpu = RATES[encoder]["device"] == "gpu"
    return {
        "gpu_hours": encode if on_gpu else 0.0,
        "cpu_hours": encode,
        "disk_gb": crops * float(ENCODERS[encoder]["dim"]) * 4 / 1e9,
    }


def tracking(corpus: str, rate_hz: float) -> dict[str, float]:
    """Return ``cpu_hours`` and ``disk_gb`` of the tracks of a corpus; the whole picture needs no tracker."""
    had = benchmark_row(corpus)
    hours, rows = float(had["hours"]), float(had["hours"]) * 3600 * rate_hz * float(had["people"])
    if had["see"] == "frame":
        return {"cpu_hours": 0.0, "disk_gb": 0.0}
    return {"cpu_hours": hours * rate_hz / per_second("track"), "disk_gb": rows * TRACK_BYTES / 1e9}


def minutes(hours: float, jobs: int) -> int:
    """Return the minutes that a cluster should give a job, if all the jobs together need so many hours."""
    return round(START_MIN + SLACK * 60 * hours / jobs)


def costs(config: dict) -> list[dict]:
    """Return a row a corpus of the configuration: its own size, jobs, and what tracks and each encoder will cost."""
    block = config["corpora"]
    rows = []
    for name in block["names"]:
        had, jobs = benchmark_row(name), shard_count(name, block["shard_hours"])
        steps = {"tracks": tracking(name, config["rate_hz"])}
        steps |= {encoder: cost(name, encoder, crops_hz) for encoder, crops_hz in encoders(name, block).items()}
        rows.append({
            "corpus": name,
            "hours": float(had["hours"]),
            "jobs": jobs * len(steps) + len(steps),  # the index, and the score of each encoder
            "gpu_hours": sum(step.get("gpu_hours", 0.0) for step in steps.values()),
            "cpu_hours": sum(step["cpu_hours"] for step in steps.values()),
            "data_gb": float(had["disk_gb"]),
            "results_gb": sum(step["disk_gb"] for step in steps.values()),
            "steps": steps,
        })  # fmt: skip
    return rows


def format_plan(config: dict) -> str:
    """Return the plan as text: a line a corpus, sums, the encoders' rates, and what stands on estimates."""
    block, rows = config["corpora"], costs(config)
    if not rows:
        return f"The {config['tier']} tier has no corpora: it needs no GPU.\n"
    names = ["hours", "jobs", "gpu_hours", "cpu_hours", "data_gb", "results_gb"]
    lines = [f"{'corpus':12} {'access':9}" + "".join(f"{name:>11}" for name in names) + "  encoders: GPU hours"]
    for one in rows:
        parts = ", ".join(
            f"{step} {done['gpu_hours']:.1f}" for step, done in one["steps"].items() if done.get("gpu_hours")
        )
        cells = "".join(f"{one[name]:>11.{0 if name == 'jobs' else 1}f}" for name in names)
        lines.append(f"{one['corpus']:12} {BENCHMARKS[one['corpus']]['access']:9}{cells}  {parts}")
    total = {name: sum(one[name] for one in rows) for name in names}
    lines.append(f"{'all':22}" + "".join(f"{total[name]:>11.{0 if name == 'jobs' else 1}f}" for name in names))
    lines.append("")
    for encoder, crops_hz in block["encoders"].items():
        one = RATES[encoder]
        rate = f"{crops_hz:g} crops a second of video, {per_second(encoder):.0f}/s on {one['device']}"
        how = f"scaled from {one['like']}" if one["like"] else "as published or measured"
        lines.append(f"{encoder}: {rate}, {how}: {one['source']}")
    lines += [f"{step}: {per_second(step):g}/s: {RATES[step]['source']}" for step in ("track", "decode")]
    had = [BENCHMARKS[one["corpus"]] for one in rows]
    guessed = ", ".join(one["name"] for one in had if "from memory" in one["sizes"]) or "none"
    kept = [one for one in had if one["fetch"] == "no"]
    placed = ", ".join(f"{one['name']} (open)" if one["access"] == "open" else one["name"] for one in kept) or "nothing"
    lines.append(
        f"GPU: RTX 3090, mixed precision, or waiting for decoding. Sizes from memory, unverified (corpora.csv): {guessed}."
    )
    lines.append(
        f"The data lie in {block['folder']}; to be placed by you, since the workflow cannot fetch them: {placed}."
    )
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Print the plan of a tier: ``python -m kinesics_paper.compute_plan --tier full``."""
    parser = argparse.ArgumentParser(description="Plan jobs, GPU hours and disk of a tier's benchmarks.")
    parser.add_argument("--tier", default="full", metavar="NAME", help="a file of config/ (default: %(default)s)")
    parser.add_argument("--encoders", nargs="+", metavar="NAME", help="plan for these instead, at 2 crops a second")
    args = parser.parse_args(arguments)
    try:
        config = read_config(args.tier)
        for name in args.encoders or []:
            check_encoder(name)
        if args.encoders:
            config["corpora"]["encoders"] = dict.fromkeys(args.encoders, 2)
        print(format_plan(config), end="")
    except KinesicsError as error:
        sys.exit(f"kinesics: {error}")


if __name__ == "__main__":
    main()
