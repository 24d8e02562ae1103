r"""The numbers of the review by the names that the text gives them: ``\N{key}`` in ``paper/related.tex``.

Published numbers are there in every tier. What is recomputed from public data is added where its records are given.
Percentages have one decimal, as most of the sources do; GPT-4V's have the two of its paper.
"""

import re

import pandas as pd

from kinesics_paper.article.figures.literature import TASKS, against_supervised, best_supervised
from kinesics_paper.article.figures.published_scaling import EMOTION_TUNED, continuity, probes, scale_gains
from kinesics_paper.datasets.gpt4v_emotion import read_sets
from kinesics_paper.datasets.shrec2022 import RUNS
from kinesics_paper.literature.records import find
from kinesics_paper.literature.tables import UNVERIFIED, published_value, select
from kinesics_paper.studies.gpt4v import AS_PUBLISHED, comparison
from kinesics_paper.studies.shrec2022 import DATASET

Numbers = dict[str, str | float]


def review_numbers(
    tables: dict[str, pd.DataFrame],
    gpt4v: list[dict] | None = None,
    shrec2022: list[dict] | None = None,
    crema_d: list[dict] | None = None,
) -> Numbers:
    """Return {key: number or text} from the tables of ``read_literature`` and, where given, the records of each study.

    Raises KinesicsError naming what is missing if a number that the text needs is not in the tables.
    """
    results = tables["published_results"]
    numbers = _literature(tables) | _published_gpt4v(results) | _scale(results) | _probes(results)
    numbers |= _continuity(results) | _unibench(results) | _single_values(results)
    if gpt4v:
        numbers |= _gpt4v(gpt4v, results)
    if shrec2022:
        numbers |= _shrec2022(shrec2022)
    if crema_d:
        numbers |= _crema_d(crema_d)
    return numbers


def slug(name: str) -> str:
    """Return a name as a part of a key: lower case, letters and digits only (``CASME II`` gives ``casmeii``)."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("+", "plus"))


def _literature(tables: dict[str, pd.DataFrame]) -> Numbers:
    results = tables["published_results"]
    return {
        "literature.results": len(results),
        "literature.papers": results["paper_key"].nunique(),
        "literature.unverified": int((results["verified"] == "no").sum()),
        "literature.systems": len(tables["systems"]),
        "literature.datasets": len(tables["datasets"]),
        "literature.mark": UNVERIFIED,
    }


def _published_gpt4v(results: pd.DataFrame) -> Numbers:
    """Return gpt4v.<data set>.<metric>.published of Lian et al., and the best supervised system beside it."""
    numbers: Numbers = {}
    rows = select(results, paper_key="lian2024gpt4v", system="GPT-4V")
    for row in rows.itertuples():
        key = f"gpt4v.{slug(row.dataset)}.{slug(row.metric)}"
        name, value = best_supervised(results, row.dataset, row.metric)
        numbers |= {f"{key}.published": f"{row.value:.2f}", f"{key}.supervised": f"{value:.2f}", f"{key}.best": name}
    sets = {re.sub(r" \(.*", "", dataset) for dataset in rows["dataset"]}
    return numbers | {"gpt4v.datasets": len(sets), "gpt4v.numbers": len(rows)}


def _scale(results: pd.DataFrame) -> Numbers:
    """Return scale.<data set>: InternVideo2 at 1B and 6B parameters, and the gain."""
    numbers: Numbers = {}
    gains = scale_gains(results)
    for row in gains.to_dict("records"):
        key = f"scale.{slug(row['dataset'])}"
        numbers |= {
            f"{key}.1b": f"{row['1B']:.1f}",
            f"{key}.6b": f"{row['6B']:.1f}",
            f"{key}.gain": f"{row['gain']:.1f}",
        }
    return numbers | {"scale.smallest": f"{gains['gain'].min():.1f}", "scale.largest": f"{gains['gain'].max():.1f}"}


def _probes(results: pd.DataFrame) -> Numbers:
    """Return probe.<paper>: the range over image and over video encoders, then each encoder."""
    numbers: Numbers = {}
    for paper, name in (("assran2025vjepa2", "vjepa2"), ("simeoni2025dinov3", "dinov3")):
        table = probes(results, paper)
        for image, kind in ((True, "image"), (False, "video")):
            part = table[table["image"] == image]
            for dataset in ("K400", "SSv2", "Jester"):
                if dataset in part and part[dataset].notna().any():
                    key = f"probe.{name}.{kind}.{slug(dataset)}"
                    numbers[f"{key}.lowest"] = f"{part[dataset].min():.1f}"
                    numbers[f"{key}.highest"] = f"{part[dataset].max():.1f}"
        for row in table.to_dict("records"):
            for dataset in ("K400", "SSv2"):
                numbers[f"probe.{name}.{slug(row['system'])}.{slug(dataset)}"] = f"{row[dataset]:.1f}"
    return numbers


def _continuity(results: pd.DataFrame) -> Numbers:
    """Return continuity.<benchmark>: isolated and continuous recognition."""
    return {
        f"continuity.{slug(row['benchmark'])}.{kind}": f"{row[kind]:.1f}"
        for row in continuity(results).to_dict("records")
        for kind in ("isolated", "continuous")
    }


def _unibench(results: pd.DataFrame) -> Numbers:
    """Return unibench.<inputs>: the best and the worst language model with and without emotion data."""
    numbers: Numbers = {}
    means = select(results, paper_key="lian2025affectgpt", dataset="Mean")
    for inputs, key in (("A+T", "at"), ("V+T", "vt"), ("A+V+T", "avt")):
        rows = means[means["setting"].str.startswith(f"modalities {inputs};")]
        for tuned, kind in ((False, "generic"), (True, "tuned")):
            part = rows[rows["system"].isin(EMOTION_TUNED) == tuned]
            best, worst = part.loc[part["value"].idxmax()], part.loc[part["value"].idxmin()]
            numbers[f"unibench.{key}.{kind}"] = f"{best['value']:.1f}"
            numbers[f"unibench.{key}.{kind}.system"] = best["system"]
            numbers[f"unibench.{key}.{kind}.lowest"] = f"{worst['value']:.1f}"
            numbers[f"unibench.{key}.{kind}.lowest.system"] = worst["system"]
    return numbers


def _single_values(results: pd.DataFrame) -> Numbers:
    """Return mmeemotion.<score>, and cremad.<modality>.published, the recognition by people."""
    numbers: Numbers = {}
    for metric in ("recognition score", "chain-of-thought score"):
        value = published_value(results, paper_key="zhang2025mmeemotion", metric=metric)
        numbers[f"mmeemotion.{slug(metric.split()[0])}"] = f"{value:.1f}"
    for modality in ("voice", "face", "voice and face"):
        value = published_value(results, paper_key="cao2014cremad", setting=modality)
        numbers[f"cremad.{slug(modality)}.published"] = f"{value:.1f}"
    return numbers


def _gpt4v(records: list[dict], results: pd.DataFrame) -> Numbers:
    """Return what is recomputed: gpt4v.<data set>.<metric> with .low, .high, .n, .chance, .majority, and the summaries."""
    numbers: Numbers = {}
    table = comparison(records)
    for row in table.itertuples():
        key = f"gpt4v.{slug(row.dataset)}.{slug(row.metric)}"
        numbers |= {
            key: f"{row.value:.2f}",
            f"{key}.low": f"{row.low:.1f}",
            f"{key}.high": f"{row.high:.1f}",
            f"{key}.n": row.n,
            f"{key}.chance": f"{row.chance:.1f}",
            f"{key}.majority": f"{row.majority:.1f}",
        }
    numbers["gpt4v.matched"] = int(table["matched"].sum())
    numbers["gpt4v.largest"] = f"{table['difference'].abs().max():.3f}"
    lead = against_supervised(records, results)
    for task in TASKS:
        part = lead[lead["task"] == task]["recovered_value"]
        for kind, value in (("median", part.median()), ("lowest", part.min()), ("highest", part.max())):
            numbers[f"gpt4v.recovered.{slug(task.split()[0])}.{kind}"] = _latex_minus(f"{value:.2f}")
    for row in read_sets():
        dataset = row["dataset"]
        key = f"gpt4v.{slug(dataset)}"
        entropies = [find(records, dataset, variant, "entropy")["value"] for variant in (AS_PUBLISHED, "truth")]
        shares = [
            find(records, dataset, variant, "most frequent answer")["value"] for variant in (AS_PUBLISHED, "truth")
        ]
        answered = find(records, dataset, AS_PUBLISHED, "answered")["value"]
        numbers |= {f"{key}.entropy": f"{entropies[0]:.2f}", f"{key}.entropy.truth": f"{entropies[1]:.2f}"}
        numbers |= {f"{key}.share": f"{shares[0]:.1f}", f"{key}.share.truth": f"{shares[1]:.1f}"}
        numbers[f"{key}.answered"] = f"{answered:.1f}"
    for row in records:
        numbers |= _gpt4v_variant(row)
    return numbers


def _gpt4v_variant(row: dict) -> Numbers:
    """Return the number of a record under other inputs, another choice, or at a rank, or the recall of a class."""
    key = f"gpt4v.{slug(row['dataset'])}"
    option, _, value = row["variant"].partition(": ")
    if option == "input":
        return {f"{key}.{slug(row['metric'])}.{slug(value)}": f"{row['value']:.2f}"}
    if value:
        return {f"{key}.{slug(row['metric'])}.{option}": f"{row['value']:.2f}"}
    if row["variant"] != AS_PUBLISHED:
        return {}
    if rank := re.fullmatch(r"rank-(\d) accuracy", row["metric"]):
        return {f"{key}.rank{rank[1]}": f"{row['value']:.1f}"}
    if rank := re.fullmatch(r"answer (\d) is the truth", row["metric"]):
        return {f"{key}.place{rank[1]}": f"{row['value']:.1f}"}
    if row["metric"].startswith("recall of "):
        return {f"{key}.recall.{slug(row['metric'][10:])}": f"{row['value']:.1f}"}
    return {}


def _shrec2022(records: list[dict]) -> Numbers:
    numbers: Numbers = {"shrec.runs": len(RUNS)}
    for metric in ("detection rate", "false-positive rate", "Jaccard index"):
        rows = [find(records, DATASET, run, metric) for run in RUNS]
        low, high = (choose(rows, key=lambda row: row["value"]) for choose in (min, max))
        key = f"shrec.{slug(metric)}"
        numbers |= {f"{key}.lowest": f"{low['value']:.2f}", f"{key}.highest": f"{high['value']:.2f}"}
        numbers |= {f"{key}.highest.run": high["variant"], f"{key}.lowest.run": low["variant"], "shrec.n": high["n"]}
    quoted = [row for row in records if row["published"] is not None]
    limits = [0.05 if row["metric"].startswith("delay") else 0.005 for row in quoted]
    near = [abs(row["value"] - row["published"]) < limit + 1e-9 for row, limit in zip(quoted, limits, strict=True)]
    return numbers | {"shrec.quoted": len(quoted), "shrec.matched": sum(near)}


def _crema_d(records: list[dict]) -> Numbers:
    numbers: Numbers = {}
    for row in records:
        metric = row["metric"].replace(" for ", ".").replace(", mean of emotions", ".mean")
        key = f"cremad.{slug(row['variant'])}.{metric}"
        numbers |= {key: f"{row['value']:.1f}", f"{key}.low": f"{row['low']:.1f}", f"{key}.high": f"{row['high']:.1f}"}
    return numbers


def _latex_minus(text: str) -> str:
    return text.replace("-", r"\ensuremath{-}")
