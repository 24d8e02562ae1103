"""Plan the costs of the full tier before it runs: GPU hours, CPU hours and disk, by benchmark and encoder.

    crops     = hours of video x crops per second x people on screen x crop types
    GPU hours = the longer of: crops / rate of the encoder, frames / rate of the decoder (a job holds its GPU while it waits)
    CPU hours = sampled frames / rate of the tracker
    disk      = the data set + one row of tracks per sampled frame and person + 4 bytes per number of the features

Lengths come from ``datasets/benchmarks.csv``, rates from ``compute_plan.csv``; both name their sources. Where a network has
no published rate, that of a transformer of its size is scaled by parameters times tokens, the work of all but the attention
between tokens.
"""

import argparse
import sys
from pathlib import Path

import yaml

from kinesics.encoders.registry import ENCODERS, check_encoder
from kinesics.errors import KinesicsError
from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema
from kinesics_paper.configuration import check_config
from kinesics_paper.datasets.base import BENCHMARKS, benchmark_row, shard_count

#: Below the project's folder, in which the workflow runs.
CONFIG = Path("config")
RATES = {
    row["name"]: row
    for row in read_table(package_file("kinesics_paper", "compute_plan.csv"), schema("compute_plan", "kinesics_paper"))
}

FRAMES_HZ = 30.0  # of the videos; decoding reads every frame
TRACK_BYTES = 9100  # per row of tracks: the embedded tier's 18.3 MB of franck, 200 s at 10 Hz
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
    return check_config(config, f"config/{tiers[tier].name if tiers[tier] else 'config.yaml'}")


def _laid_over(config: dict, over: dict) -> dict:
    """Return the configuration with another laid over it, as Snakemake does: key by key, also inside."""
    both = {
        key: _laid_over(config[key], over[key]) for key in config.keys() & over.keys() if isinstance(over[key], dict)
    }
    return config | over | both


def per_second(name: str) -> float:
    """Return crops per second of an encoder (or frames of a step). Raises KinesicsError for one without a rate."""
    if name not in RATES:
        choices = ", ".join(rate for rate in RATES if rate in ENCODERS)
        raise KinesicsError(
            f"{name!r} has no rate, so its time is not known; give a row to src/kinesics_paper/compute_plan.csv, "
            f"or take some of {choices}"
        )
    rate = RATES[name]
    if rate["per_s"]:
        return float(rate["per_s"])
    like = RATES[rate["like"]]
    work, work_of_like = (_parameters(row) * float(row["tokens"]) for row in (rate, like))
    return float(like["per_s"]) * work_of_like / work


def _parameters(rate: dict[str, str]) -> float:
    """Return the parameters, in millions, of a network with a rate: an encoder's stand in its own table."""
    return float(rate["parameters"] or ENCODERS[rate["name"]]["parameters"])


def encoders(benchmark: str, block: dict) -> dict[str, float]:
    """Return the encoders of the section ``benchmarks`` that suit a benchmark, with their crops per second.

    Encoders of faces need tracks.
    """
    faces_only = {name for name in block["encoders"] if name in RATES and RATES[name]["crops"] == "1"}
    skipped = faces_only if benchmark_row(benchmark)["see"] == "frame" else ()
    return {name: crops_hz for name, crops_hz in block["encoders"].items() if name not in skipped}


def cost(benchmark: str, encoder: str, crops_hz: float) -> dict[str, float]:
    """Return ``gpu_hours``, ``cpu_hours`` and ``disk_gb`` (of the features) of an encoder on a benchmark."""
    row, rate = benchmark_row(benchmark), per_second(encoder)
    types = 1 if row["see"] == "frame" else int(RATES[encoder]["crops"])
    hours = float(row["hours"])
    crops = hours * 3600 * crops_hz * float(row["people"]) * types
    encode = max(crops / rate / 3600, hours * FRAMES_HZ / per_second("decode"))
    on_gpu = RATES[encoder]["device"] == "gpu"
    return {
        "gpu_hours": encode if on_gpu else 0.0,
        "cpu_hours": encode,
        "disk_gb": crops * float(ENCODERS[encoder]["dim"]) * 4 / 1e9,
    }


def tracking(benchmark: str, rate_hz: float) -> dict[str, float]:
    """Return ``cpu_hours`` and ``disk_gb`` of the tracks of a benchmark; the whole frame needs no tracker."""
    row = benchmark_row(benchmark)
    hours, rows = float(row["hours"]), float(row["hours"]) * 3600 * rate_hz * float(row["people"])
    if row["see"] == "frame":
        return {"cpu_hours": 0.0, "disk_gb": 0.0}
    return {"cpu_hours": hours * rate_hz / per_second("track"), "disk_gb": rows * TRACK_BYTES / 1e9}


def minutes(hours: float, jobs: int) -> int:
    """Return the minutes that a cluster should give a job, if all the jobs together need so many hours."""
    return round(START_MIN + SLACK * 60 * hours / jobs)


def costs(config: dict) -> list[dict]:
    """Return one row per benchmark of the configuration: its own size, jobs, and the costs of tracks and each encoder."""
    block = config["benchmarks"]
    rows = []
    for name in block["names"]:
        row, jobs = benchmark_row(name), shard_count(name, block["shard_hours"])
        steps = {"tracks": tracking(name, config["rate_hz"])}
        steps |= {encoder: cost(name, encoder, crops_hz) for encoder, crops_hz in encoders(name, block).items()}
        rows.append({
            "benchmark": name,
            "hours": float(row["hours"]),
            "jobs": jobs * len(steps) + len(steps),  # the index, and the score of each encoder
            "gpu_hours": sum(step.get("gpu_hours", 0.0) for step in steps.values()),
            "cpu_hours": sum(step["cpu_hours"] for step in steps.values()),
            "data_gb": float(row["disk_gb"]),
            "results_gb": sum(step["disk_gb"] for step in steps.values()),
            "steps": steps,
        })  # fmt: skip
    return rows


def format_plan(config: dict) -> str:
    """Return the plan as text: one row per benchmark, sums, the encoders' rates, and which sizes are estimates."""
    rows = costs(config)
    if not rows:
        return f"The {config['tier']} tier has no benchmarks: it needs no GPU.\n"
    return "\n".join([*_cost_lines(rows), "", *_rate_lines(config["benchmarks"]["encoders"]), *_notes(config)]) + "\n"


def _cost_lines(rows: list[dict]) -> list[str]:
    names = ["hours", "jobs", "gpu_hours", "cpu_hours", "data_gb", "results_gb"]

    def cells(row: dict) -> str:
        return "".join(f"{row[name]:>11.{0 if name == 'jobs' else 1}f}" for name in names)

    lines = [f"{'benchmark':12} {'access':9}" + "".join(f"{name:>11}" for name in names) + "  encoders: GPU hours"]
    for row in rows:
        parts = ", ".join(
            f"{step} {costs['gpu_hours']:.1f}" for step, costs in row["steps"].items() if costs.get("gpu_hours")
        )
        lines.append(f"{row['benchmark']:12} {BENCHMARKS[row['benchmark']]['access']:9}{cells(row)}  {parts}")
    total = {name: sum(row[name] for row in rows) for name in names}
    return [*lines, f"{'all':22}" + cells(total)]


def _rate_lines(encoders: dict[str, float]) -> list[str]:
    lines = []
    for encoder, crops_hz in encoders.items():
        row = RATES[encoder]
        rate = f"{crops_hz:g} crops per second of video, {per_second(encoder):.0f}/s on {row['device']}"
        how = f"scaled from {row['like']}" if row["like"] else "as published or measured"
        lines.append(f"{encoder}: {rate}, {how}: {row['source']}")
    return lines + [f"{step}: {per_second(step):g}/s: {RATES[step]['source']}" for step in ("track", "decode")]


def _notes(config: dict) -> list[str]:
    rows = [BENCHMARKS[name] for name in config["benchmarks"]["names"]]
    guessed = ", ".join(row["name"] for row in rows if "from memory" in row["sizes"]) or "none"
    placed = [f"{row['name']}{' (open)' if row['access'] == 'open' else ''}" for row in rows if row["fetch"] == "no"]
    return [
        "GPU: RTX 3090, mixed precision, or waiting for decoding. "
        f"Sizes from memory, unverified (src/kinesics_paper/datasets/benchmarks.csv): {guessed}.",
        f"The data lie in {config['benchmarks']['folder']}; to be placed by you, since the workflow cannot fetch them: "
        f"{', '.join(placed) or 'nothing'}.",
    ]


def main(arguments: list[str] | None = None) -> None:
    """Print the plan of a tier: ``python -m kinesics_paper.compute_plan --tier full``."""
    parser = argparse.ArgumentParser(description="Plan jobs, GPU hours and disk of a tier's benchmarks.")
    parser.add_argument("--tier", default="full", metavar="NAME", help="a file of config/ (default: %(default)s)")
    parser.add_argument("--encoders", nargs="+", metavar="NAME", help="plan for these instead, at 2 crops per second")
    args = parser.parse_args(arguments)
    try:
        config = read_config(args.tier)
        for name in args.encoders or []:
            check_encoder(name)
        if args.encoders:
            config["benchmarks"]["encoders"] = dict.fromkeys(args.encoders, 2)
        print(format_plan(config), end="")
    except KinesicsError as error:
        sys.exit(f"kinesics: {error}")


if __name__ == "__main__":
    main()
