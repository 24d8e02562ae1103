"""Tables of the benchmarks of the full tier."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kinesics.encoders.registry import ENCODERS, is_downloadable
from kinesics.io.files import write_text
from kinesics_paper.article.latex import escape, table
from kinesics_paper.article.latex_numbers import text
from kinesics_paper.datasets.base import BENCHMARKS
from kinesics_paper.downloads import read_downloads
from kinesics_paper.literature.records import read_records
from kinesics_paper.literature.tables import read_literature, runs, verification_mark


def benchmarks(scores: list[str], out: str | Path) -> None:
    """Write each benchmark, its access, and the score of each encoder (files of ``studies.linear_probe``), or -- .

    The score is the official measure in per cent: of clips and frames the mean over the folds, of events and boxes that of
    the first fold. Sizes that are in part from memory carry the mark of unverified numbers.
    """
    results = _read(scores)
    encoders = sorted({result["encoder"] for result in results})
    rows, rules = [], []
    for number, (name, row) in enumerate(BENCHMARKS.items()):
        if number and row["task"] != rows[-1][1]:
            rules.append(number)
        reached = {result["encoder"]: _score(result, row) for result in results if result["benchmark"] == name}
        size = [text(float(row["videos"]), 0), text(float(row["hours"]), 1), text(float(row["disk_gb"]), 0)]
        size[-1] += verification_mark("no" if "from memory" in row["sizes"] else "yes")
        access = "open" if row["access"] == "open" else "to be signed"
        key = rf"{escape(row['dataset'])}~\cite{{{row['citation']}}}"
        cells = [reached.get(encoder, "--") for encoder in encoders]
        rows.append([key, row["task"], *size, access, escape(row["metric"]), *cells])
    head = ["Benchmark", "Task", "Videos", "Hours", "GB", "Access", "Official measure", *map(escape, encoders)]
    write_text(out, table("@{}llrrrll" + "r" * len(encoders) + "@{}", head, rows, tuple(rules)))


def _read(scores: Sequence[str]) -> list[dict]:
    return [json.loads(Path(path).read_text(encoding="utf-8")) for path in scores]


def _score(result: dict, benchmark: dict[str, str]) -> str:
    if "mean" in result:
        names = {"accuracy": "WAR"}
        metrics = [names.get(metric, metric) for metric in benchmark["metric"].split(", ")]
        return "/".join(f"{100 * result['mean'][metric]:.1f}" for metric in metrics)
    value = result["folds"][min(result["folds"])]["metrics"][benchmark["key"]]["value"]
    return "--" if value is None else f"{100 * value:.1f}"


#: The letters of ``coverage``: what is known of a system on a benchmark.
STATES = {"H": "run here", "R": "recomputed from released answers", "P": "published"}
#: The letters of ``coverage``: what a run here needs.
NEEDS = {
    "w": "weights that you place",
    "g": "weights behind an agreement",
    "e": "an endpoint that answers",
    "n": "weights that are not released",
    "c": "code that runs it there",
    "f": "data that are downloaded",
    "d": "data to be signed for",
}
#: The letter for each word of ``literature.tables.runs``.
NEEDS_OF = {"embedded": "", "answers": "e", "endpoint": "e", "full": "w", "baseline": "c", "no code": "c", "none": "n"}
CLIPS = "real clips"  # the article's own


def coverage(literature: dict[str, pd.DataFrame], records: list[dict], scores: list[str], out: str | Path) -> None:
    """Write for every system and benchmark what is known: letters of ``STATES``, and of ``NEEDS`` for what is missing.

    A system is run here on a benchmark if ``scores`` (files of ``studies.linear_probe``) has an encoder of its paper, and on
    the article's clips if one of its networks is among the embedded sources. Published are the rows of published_results.csv
    under its name or an alias.
    """
    heads = [CLIPS, *(row["dataset"] for row in BENCHMARKS.values())]
    states = _states(literature, records, scores)
    rows = []
    for row in literature["systems"].sort_values(["year", "system"], kind="stable").to_dict("records"):
        key = rf"{escape(row['system'])}~\cite{{{row['paper_key']}}}"
        rows.append([key, *(_cell(states, row, name) for name in heads)])
    legend = "; ".join(rf"{letter}~{what}" for letter, what in {**STATES, **NEEDS}.items())
    rows.append([rf"\multicolumn{{{len(heads) + 1}}}{{@{{}}p{{0.9\linewidth}}@{{}}}}{{\footnotesize {legend}.}}"])
    turned = [rf"\rotatebox{{90}}{{{escape(name)}}}" for name in heads]
    write_text(out, table("@{}l" + "l" * len(heads) + "@{}", ["System", *turned], rows, (len(rows) - 1,)))


def coverage_of_files(records: Sequence[str], scores: Sequence[str], out: str | Path) -> None:
    """Write ``coverage`` from files. ``records`` are those of the studies that the tier has the data for."""
    rows = [row for path in records for row in read_records(path)]
    coverage(read_literature("literature"), rows, list(scores), out)


def _states(literature: dict[str, pd.DataFrame], records: list[dict], scores: list[str]) -> dict[tuple[str, str], str]:
    """Return {(system, benchmark): letters of ``STATES``} of those that have one."""
    results, aliases = literature["published_results"], literature["aliases"]
    names_of = {
        kind: aliases[aliases["kind"] == kind].groupby("name")["published"].agg(set) for kind in ("system", "dataset")
    }
    run = {
        (ENCODERS[result["encoder"]]["citation"], BENCHMARKS[result["benchmark"]]["dataset"])
        for result in _read(scores)
    }
    embedded = {files[0]["citation"] for files in read_downloads().values() if files[0]["tier"] == "embedded"}
    embedded |= {row["citation"] for name, row in ENCODERS.items() if is_downloadable(name)}
    recomputed = {row["dataset"] for row in records if row["published"] is not None}
    states = {}
    for row in literature["systems"].to_dict("records"):
        names = {row["system"]} | names_of["system"].get(row["system"], set())
        datasets = set(results["dataset"][results["system"].isin(names)])
        if row["tier"] == "embedded" and row["paper_key"] in embedded:
            states[row["system"], CLIPS] = "H"
        for dataset in (benchmark["dataset"] for benchmark in BENCHMARKS.values()):
            published = datasets & ({dataset} | names_of["dataset"].get(dataset, set()))
            letters = "H" if (row["paper_key"], dataset) in run else ""
            letters += "R" if row["tier"] == "answers" and published & recomputed else ""
            states[row["system"], dataset] = letters + ("P" if published else "")
    return states


def _cell(states: dict[tuple[str, str], str], row: dict, dataset: str) -> str:
    """Return the letters of a system on a benchmark: its states, and what it needs unless it was run here."""
    state = states.get((row["system"], dataset), "")
    if "H" in state:
        return state
    needs = NEEDS_OF[runs(row)]
    needs = "g" if needs == "w" and row["gated"] not in ("no", "unknown", "--") else needs
    access = {benchmark["dataset"]: benchmark["access"] for benchmark in BENCHMARKS.values()}
    needs += {"open": "f", "licensed": "d"}.get(access.get(dataset, ""), "")
    return rf"{state}\,{{\color{{gray}}{needs}}}" if state else rf"{{\color{{gray}}{needs}}}"
